/* The section accel: what is taken, and what is refused. */
#include "tests/unit/config_rig.h"

static const char everything[] =
    "accel: {order: [soft, simd, rte_flow], checksum: simd, head_scan: soft, flow: emu, "
    "flow_profile: liquidio, flow_least: 2MiB}\n" REST;

static const struct row rows[] = {
    {"unknown names and bad sizes",
     "accel: {order: [simd, abacus], checksum: none, head_scan: any, flow: rte, flow_profile: cx5, "
     "flow_least: 1KiB}\n" REST,
     "1:23: order: each item must be soft, simd, rte_flow, emu, faulty or device, not \"abacus\"\n"
     "1:42: checksum: must be soft, simd, rte_flow, emu, faulty or device, not \"none\"\n"
     "1:59: head_scan: must be soft, simd, rte_flow, emu, faulty or device, not \"any\"\n"
     "1:70: flow: must be soft, simd, rte_flow, emu, faulty or device, not \"rte\"\n"
     "1:89: flow_profile: must be bluefield2 or liquidio, not \"cx5\"\n"
     "1:106: flow_least: must be a size from 16KiB to 1024GiB (units: KiB, MiB, GiB, or none for bytes), not "
     "\"1KiB\"\n"},
    {"everything", everything, NULL},
};

Test(config_accel, complaints)
{
    expect_rows(rows, sizeof rows / sizeof *rows);
}

static struct config *parsed(const char *yaml)
{
    struct cfg_errors errs;
    struct config *c = config_parse("f", yaml, strlen(yaml), &errs);
    cr_assert_not_null(c);
    cfg_errors_free(&errs);
    return c;
}

Test(config_accel, defaults)
{
    struct config *c = parsed(REST);
    cr_expect(!c->accel.norder && !c->accel.checksum && !c->accel.head_scan && !c->accel.flow);
    cr_expect_eq(c->accel.flow_least, 1 << 20);
    config_free(c);
}

Test(config_accel, taken_as_written)
{
    struct config *c = parsed(everything);
    cr_assert_eq(c->accel.norder, 3);
    cr_expect_eq(c->accel.order[0], CFG_ACCEL_SOFT);
    cr_expect_eq(c->accel.order[2], CFG_ACCEL_RTE_FLOW);
    cr_expect_eq(c->accel.checksum, 1 + CFG_ACCEL_SIMD);
    cr_expect_eq(c->accel.head_scan, 1 + CFG_ACCEL_SOFT);
    cr_expect_eq(c->accel.flow, 1 + CFG_ACCEL_EMU);
    cr_expect_eq(c->accel.flow_profile, 1);
    cr_expect_eq(c->accel.flow_least, 2 << 20);
    config_free(c);
}

Test(config_accel, a_restart_changes_it)
{
    struct config *a = parsed(REST), *b = parsed("accel: {flow: emu}\n" REST);
    cr_expect_str_eq(config_needs_restart(a, b), "accel");
    config_free(a);
    config_free(b);
}

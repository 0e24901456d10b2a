/* Who is chosen for which hook, and what is written down about it. */
#include <criterion/criterion.h>

#include "accel/negotiate.h"
#include "accel/simd.h"
#include "config/config.h"

static uint64_t now;

/* Time stands still but when it is asked for: everybody costs the same. */
static uint64_t ticks(void)
{
    return ++now;
}

static struct accel_choices choose(struct accel_wish w)
{
    static const struct accel_engine_params trial = {.v6 = true};
    struct accel_choices c;
    accel_negotiate(&w, &trial, ticks, &c);
    return c;
}

Test(accel_negotiate, the_order_decides)
{
    struct accel_choices c = choose((struct accel_wish){.norder = 2, .order = {"soft", "simd"}});
    cr_expect_eq(c.hook[ACCEL_CSUM].provider, &accel_soft);
    cr_expect_eq(c.hook[ACCEL_SCAN].provider, &accel_soft);
    c = choose((struct accel_wish){.norder = 2, .order = {"simd", "soft"}});
    cr_expect_eq(c.hook[ACCEL_CSUM].provider, simd_best() ? &accel_simd : &accel_soft);
}

Test(accel_negotiate, a_hook_of_its_own)
{
    struct accel_choices c =
        choose((struct accel_wish){.norder = 1, .order = {"simd"}, .hook = {[ACCEL_SCAN] = "soft"}});
    cr_expect_eq(c.hook[ACCEL_SCAN].provider, &accel_soft);
    cr_expect_eq(c.hook[ACCEL_CSUM].provider, simd_best() ? &accel_simd : &accel_soft);
}

Test(accel_negotiate, without_an_engine_every_frame_is_software)
{
    struct accel_choices c = choose((struct accel_wish){.norder = 2, .order = {"simd", "soft"}});
    cr_expect_null(c.hook[ACCEL_FLOW].provider);
    cr_expect_str_eq(c.hook[ACCEL_FLOW].why, "no engine: every frame takes the worker's own path");
}

Test(accel_negotiate, an_engine_that_is_named)
{
    struct accel_choices c = choose((struct accel_wish){.hook = {[ACCEL_FLOW] = "emu"}});
    cr_expect_eq(c.hook[ACCEL_FLOW].provider, &accel_emu);
    cr_expect_str_eq(c.hook[ACCEL_FLOW].why,
                     "emu: a SmartNIC's flow engine, emulated in front of the worker");
}

Test(accel_negotiate, who_cannot_is_passed_over_with_the_reason)
{
    struct accel_choices c =
        choose((struct accel_wish){.hook = {[ACCEL_FLOW] = "simd", [ACCEL_CSUM] = "emu"}});
    cr_expect_null(c.hook[ACCEL_FLOW].provider);
    cr_expect_not_null(strstr(c.hook[ACCEL_FLOW].why, "simd: does not do this; no engine"));
    cr_expect_eq(c.hook[ACCEL_CSUM].provider, &accel_soft);
    cr_expect_not_null(strstr(c.hook[ACCEL_CSUM].why, "emu: does not do this; soft: "));
    struct accel_engine_params trial = {.profile = "abacus"};
    struct accel_wish w = {.hook = {[ACCEL_FLOW] = "emu"}};
    accel_negotiate(&w, &trial, ticks, &c);
    cr_expect_null(c.hook[ACCEL_FLOW].provider);
    cr_expect_not_null(strstr(c.hook[ACCEL_FLOW].why, "there is no profile \"abacus\""));
}

/* A clock by which the vector kernels are slow: it knows whose turn it is by counting calls, two for each
 * measurement, all of the candidate's first. */
static uint64_t slow_at_first(void)
{
    static uint64_t calls, t;
    calls++;
    t += calls <= 128 ? 1000 : 1;
    return t;
}

Test(accel_negotiate, what_is_slower_here_is_not_taken)
{
    struct accel_wish w = {.norder = 1, .order = {"simd"}};
    struct accel_engine_params trial = {0};
    struct accel_choices c;
    if (!simd_best())
        return;
    accel_negotiate(&w, &trial, slow_at_first, &c);
    cr_expect_eq(c.hook[ACCEL_CSUM].provider, &accel_soft);
    cr_expect_not_null(strstr(c.hook[ACCEL_CSUM].why, "slower here than soft"));
}

Test(accel_negotiate, what_is_chosen_is_put_into_use)
{
    struct accel_choices c = choose((struct accel_wish){.norder = 1, .order = {"simd"}});
    accel_use(&c);
    cr_expect_eq(kernels.csum, c.hook[ACCEL_CSUM].kernels->csum);
    cr_expect_eq(kernels.skip_text, c.hook[ACCEL_SCAN].kernels->skip_text);
}

/* ---- interfaces ---- */

static const struct accel_port two_ports[] = {{.name = "up", .checks_sums = true}, {.name = "down", .id = 1}};

Test(accel_negotiate, each_interface_has_its_own_record)
{
    struct accel_wish w = {.hook = {[ACCEL_FLOW] = "emu", [ACCEL_CSUM] = "soft"}};
    struct accel_engine_params trial = {.port = two_ports, .nports = 2};
    struct accel_choices c;
    accel_negotiate(&w, &trial, ticks, &c);
    cr_assert_eq(c.nports, 2);
    for (unsigned i = 0; i < 2; i++) {
        cr_expect_eq(c.port[i][ACCEL_FLOW].provider, &accel_emu);
        cr_expect_eq(c.port[i][ACCEL_CSUM].provider, &accel_soft);
        cr_expect_str_eq(c.port[i][ACCEL_FLOW].why,
                         "emu: a SmartNIC's flow engine, emulated in front of the worker");
    }
    cr_expect_str_eq(c.port[0][ACCEL_CSUM].why,
                     "device: checks what it receives, the CPU the rest; soft: as on every interface");
    cr_expect_str_eq(c.port[1][ACCEL_CSUM].why,
                     "device: does not check what it receives; soft: as on every interface");
}

Test(accel_negotiate, an_interface_without_an_engine_says_why)
{
    struct accel_wish w = {.hook = {[ACCEL_FLOW] = "emu"}};
    struct accel_engine_params trial = {.profile = "abacus", .port = two_ports, .nports = 2};
    struct accel_choices c;
    accel_negotiate(&w, &trial, ticks, &c);
    cr_expect_null(c.port[1][ACCEL_FLOW].provider);
    cr_expect_str_eq(c.port[1][ACCEL_FLOW].why,
                     "emu: there is no profile \"abacus\"; every frame takes the worker's own path");
}

/* The configuration names providers without knowing accel/. */
Test(accel_negotiate, the_names_in_the_configuration_exist)
{
    for (unsigned i = 0; cfg_accel_names[i]; i++)
        cr_expect_not_null(accel_find(cfg_accel_names[i]), "%s", cfg_accel_names[i]);
    for (unsigned i = 0; accel_providers[i]; i++) {
        bool found = false;
        for (unsigned k = 0; cfg_accel_names[k]; k++)
            found |= strcmp(cfg_accel_names[k], accel_providers[i]->name) == 0;
        cr_expect(found, "%s", accel_providers[i]->name);
    }
}

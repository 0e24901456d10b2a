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
    cr_expect_str_eq(c.port[1][ACCEL_CSUM].why, "soft: as on every interface");
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

/* Interfaces whose devices can, and cannot. */
static const struct accel_port unlike[] = {
    {.name = "able", .checks_sums = true, .steers = true, .steer_why = "IPv4: steered"},
    {.name = "unable", .steer_why = "one receive queue"},
};

static void expect_words(struct accel_wish w, enum accel_hook h, const struct accel_provider *able,
                         const char *why_able, const char *why_unable)
{
    struct accel_engine_params trial = {.port = unlike, .nports = 2};
    struct accel_choices c;
    accel_negotiate(&w, &trial, ticks, &c);
    cr_expect_eq(c.port[0][h].provider, able);
    cr_expect_eq(c.port[1][h].provider, &accel_soft);
    cr_expect_str_eq(c.port[0][h].why, why_able);
    cr_expect_str_eq(c.port[1][h].why, why_unable);
}

Test(accel_negotiate, what_a_device_does_is_used_where_it_does_it)
{
    struct accel_wish w = {.norder = 2, .order = {"device", "simd"}};
    expect_words(w, ACCEL_PARSE, &accel_device,
                 "device: verifies TCP checksums, the worker one in 1024 again",
                 "soft: the device does not verify checksums");
    expect_words(w, ACCEL_STEER, &accel_device, "device: IPv4: steered",
                 "soft: workers hand over frames: one receive queue");
}

Test(accel_negotiate, devices_are_left_alone_when_asked)
{
    struct accel_wish w = {.norder = 2, .order = {"device", "simd"}, .hook = {[ACCEL_STEER] = "soft"}};
    const char *why = "soft: as on every interface";
    expect_words(w, ACCEL_STEER, &accel_soft, why, why);
    w = (struct accel_wish){.norder = 1, .order = {"simd"}};
    expect_words(w, ACCEL_PARSE, &accel_soft, why, why);
    w = (struct accel_wish){.hook = {[ACCEL_STEER] = "simd"}};
    expect_words(w, ACCEL_STEER, &accel_soft, why, why);
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

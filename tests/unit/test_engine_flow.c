/* What a flow engine's cycles are: laconctl accel tells how many it saved, by what the frames cost that it
 * left. */
#include <criterion/criterion.h>

#include "accel/accel.h"
#include "agent/worker/engine.h"

static const char file[] = "dpdk: {connections: 1000, buffers: 4MiB, syn_ring: 1024}\n"
                           "interfaces: [{name: i, device: eth0, addresses: [10.0.0.1/8]}]\n"
                           "listeners: [{name: l, address: \"10.0.0.1:80\"}]\n"
                           "routes: [{name: r, rules: [{cluster: c}]}]\n"
                           "clusters: [{name: c, endpoints: [{address: \"10.0.0.9:80\"}]}]\n";

/* Time passes in one part of the engine alone. */
static uint64_t now, poll_takes, burst_takes, pass_takes;

static uint64_t cycles(void)
{
    return now;
}

static unsigned slow_pass(struct accel_engine *e, struct frame *f[], unsigned n, uint64_t now_ns)
{
    (void)e, (void)f, (void)now_ns;
    now += pass_takes;
    return n;
}

static unsigned slow_poll(struct accel_engine *e, uint64_t now_ns, struct flow_answer out[], unsigned max)
{
    (void)e, (void)now_ns, (void)out, (void)max;
    now += poll_takes;
    return 0;
}

static void frame_dropped(void *ctx, struct frame *f)
{
    (void)ctx, (void)f;
    now += burst_takes;
}

static struct frame *no_frame(void *ctx)
{
    (void)ctx;
    return NULL;
}

/* ---- life ---- */

static struct accel_engine_class class;
static const struct accel_provider slow = {.name = "slow", .hooks = 1u << ACCEL_FLOW, .engine = &class};
static struct config *config;
static struct engine *engine;

static void start(void)
{
    const struct frame_ops ops = {no_frame, frame_dropped, frame_dropped, NULL};
    static const struct accel_port nic = {.name = "i"};
    struct engine_port port = {.mtu = 1500, .up = true, .mac = {2, 0, 0, 0, 0, 1}};
    struct cfg_errors errs;
    config = config_parse("f", file, strlen(file), &errs);
    cr_assert_not_null(config);
    cfg_errors_free(&errs);
    struct engine_params p = {.config = config,
                              .port = &port,
                              .nworkers = 1,
                              .ops = ops,
                              .now_ns = 1,
                              .flow = &slow,
                              .flow_params = {.profile = "4x1000", .port = &nic, .nports = 1},
                              .cycles = cycles};
    engine = engine_create(&p);
    cr_assert_not_null(engine);
}

static void stop(void)
{
    engine_destroy(engine);
    config_free(config);
}

static struct engine_flow_info after_one_frame(bool emulated)
{
    class = *accel_find("emu")->engine;
    class.poll = slow_poll;
    class.pass = emulated ? slow_pass : NULL;
    start();
    uint8_t runt[64] = {0};
    struct frame f = {.data = runt, .len = 10}, *burst[] = {&f};
    struct engine_flow_info info;
    engine_input(engine, burst, 1, 2);
    engine_tick(engine, 3);
    engine_flow(engine, &info);
    cr_expect_eq(info.misses, 1);
    stop();
    return info;
}

/* ---- cycles ---- */

Test(engine_flow, what_emulated_silicon_does_by_itself_costs_no_frame)
{
    pass_takes = 10000, burst_takes = 100, poll_takes = 1;
    struct engine_flow_info info = after_one_frame(true);
    cr_expect_eq(info.worker_cycles, 100, "%lu", info.worker_cycles);
    cr_expect_eq(info.emulation_cycles, 10002, "with the frame, and with the tick: %lu",
                 info.emulation_cycles);
}

Test(engine_flow, asking_a_real_one_costs_no_frame)
{
    burst_takes = 100, poll_takes = 1;
    struct engine_flow_info info = after_one_frame(false);
    cr_expect_eq(info.worker_cycles, 100, "%lu", info.worker_cycles);
    cr_expect_eq(info.emulation_cycles, 0, "%lu", info.emulation_cycles);
}

/* ---- one that a worker does not get, though another was there when it was asked for ---- */

static bool serves_none(const struct accel_engine *e, unsigned port, char *why)
{
    (void)e, (void)port;
    strcpy(why, "no room");
    return false;
}

Test(engine_flow, one_that_serves_no_interface_is_none)
{
    struct engine_flow_info info;
    class = *accel_find("emu")->engine;
    class.serves = serves_none;
    start();
    engine_flow(engine, &info);
    cr_expect_null(info.provider);
    cr_expect_str_eq(engine_flow_why(engine), "no room");
    stop();
}

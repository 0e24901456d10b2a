/* What the admin socket tells of endpoints, and the orders it takes about them. */
#include "tests/unit/answers_rig.h"

static void with_roster(void)
{
    roster = roster_create(NWORKER);
    cr_assert_not_null(roster);
    endpoint.at.addr = ip_from_v4((const uint8_t[]){10, 0, 0, 9});
    endpoint.weight = 3;
}

static void without_roster(void)
{
    roster_destroy(roster);
    roster = NULL;
}

/* The only endpoint's state, since when, and why. */
static void assert_endpoint(const char *state, double since_s, const char *reason)
{
    json_t *a = ASK("endpoints"), *o = json_array_get(json_object_get(a, "endpoints"), 0);
    assert_json(json_object_get(o, "endpoint"), "\"10.0.0.9:8080\"");
    cr_expect_str_eq(json_string_value(json_object_get(o, "state")), state);
    cr_expect_float_eq(json_number_value(json_object_get(o, "since_s")), since_s, 1e-6, "%s", state);
    cr_expect_str_eq(json_string_value(json_object_get(o, "reason")), reason);
    json_decref(a);
}

Test(answers, endpoint_states, .init = with_roster, .fini = without_roster)
{
    struct roster_entry *e = roster_get(roster, "app", &endpoint.at);
    uint64_t now = workers_now_ns();
    assert_endpoint("up", 0, "");
    e->use[1].down_until_ns = now + 1;
    assert_endpoint("up", 0, "1 of 2 workers could not connect");
    e->use[0].down_until_ns = now + 1;
    assert_endpoint("down", 0, "2 of 2 workers could not connect");
    e->use[0].down_until_ns = e->use[1].down_until_ns = now;
    assert_endpoint("up", 0, "");
    cluster.check = (struct cfg_health_check){.protocol = CFG_CHECK_HTTP};
    assert_endpoint("up", 0, "not checked yet");
    cluster.check.initial = CFG_CHECK_DOWN;
    assert_endpoint("down", 0, "not checked yet");
    roster_set_check(roster, e, (struct roster_check){ROSTER_DOWN, FINDING_STATUS, 503}, now - 2000000000);
    assert_endpoint("down", 2, "answers with status 503");
    roster_set_check(roster, e, (struct roster_check){ROSTER_DOWN, FINDING_REFUSED, 0}, now - 1000000000);
    assert_endpoint("down", 2, "refuses connections");
    roster_set_check(roster, e, (struct roster_check){ROSTER_UP, FINDING_PASSED, 0}, now - 1000000000);
    assert_endpoint("up", 1, "passes its checks");
    cluster.check = (struct cfg_health_check){0};
    endpoint.weight = 0;
    assert_endpoint("disabled", 0, "has weight 0");
    roster_put(roster, e);
}

Test(answers, endpoint_use_is_summed, .init = with_roster, .fini = without_roster)
{
    struct roster_entry *e = roster_get(roster, "app", &endpoint.at);
    e->use[0] = (struct roster_use){.requests = 10, .failures = 1, .active = 2};
    e->use[1] = (struct roster_use){.requests = 300, .failures = 20, .active = 3};
    json_t *a = ASK("endpoints");
    assert_json(
        json_object_get(a, "endpoints"),
        "[{\"cluster\": \"app\", \"endpoint\": \"10.0.0.9:8080\", \"state\": \"up\", \"since_s\": null, "
        "\"reason\": \"\", \"active\": 5, \"requests\": 310, \"failures\": 21, \"weight\": 3}]");
    json_decref(a);
    roster_put(roster, e);
}

Test(answers, orders_to_endpoints, .init = with_roster, .fini = without_roster)
{
    struct roster_entry *e = roster_get(roster, "app", &endpoint.at);
    json_t *a = ASK("drain", "app/10.0.0.9:8080");
    assert_json(a, "{\"endpoints\": 1}");
    json_decref(a);
    cr_expect_eq(workers.syncs, 1, "the workers have taken it");
    e->use[1].active = 1;
    assert_endpoint("draining", 0, "told so by laconctl");
    e->use[1].active = 0;
    assert_endpoint("drained", 0, "told so by laconctl");
    a = ASK("enable", "10.0.0.9:8080");
    assert_json(a, "{\"endpoints\": 1}");
    json_decref(a);
    assert_endpoint("up", 0, "");
    static const char *const none[] = {"ap/10.0.0.9:8080", "appp/10.0.0.9:8080", "app/10.0.0.9", "app", "/"};
    for (unsigned i = 0; i < sizeof none / sizeof none[0]; i++) {
        a = ASK("drain", none[i]);
        cr_expect_not_null(json_object_get(a, "error"), "%s", none[i]);
        json_decref(a);
    }
    assert_endpoint("up", 0, "");
    roster_put(roster, e);
}

/* What the admin socket tells of a process: what is added up, what is paged, what is refused. */
#include "tests/unit/answers_rig.h"

static long long value_of(const json_t *answer, const char *counter)
{
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(answer, "counters"), i,
                       o) if (strcmp(json_string_value(json_object_get(o, "name")), counter) ==
                              0) return json_integer_value(json_object_get(o, "value"));
    cr_assert_fail("no counter %s", counter);
    return -1;
}

Test(answers, counters_add_loop_and_engine_of_every_worker)
{
    workers.worker[0].counters.handed_over = 1;
    workers.worker[1].counters.handed_over = 20;
    workers.worker[0].engine.counters.handed_over = 300;
    workers.worker[1].engine.counters.handed_over = 4000;
    workers.worker[1].engine.counters.reason[R_DROP_ARP] = 5;
    json_t *a = ASK("counters");
    cr_assert_eq(value_of(a, "handed_over"), 4321);
    cr_assert_eq(value_of(a, "drop_arp"), 5);
    cr_assert_eq(value_of(a, "rx_frames"), 0);
    size_t n = R_MAX - 1;
#define X(field, name, text) n++;
    STATS(X)
#undef X
    cr_assert_eq(json_array_size(json_object_get(a, "counters")), n, "each counter once");
    json_decref(a);
}

Test(answers, status)
{
    workers.worker[1].engine.counters.clients_open = 12;
    answers.start_ns = 4000000000;
    json_t *a = ASK("status");
    assert_json(json_object_get(a, "uptime_s"), "1.5");
    assert_json(json_object_get(a, "config"), "\"/etc/lacon/lacon.yaml\"");
    assert_json(json_object_get(a, "access_log"), "null");
    assert_json(json_object_get(a, "interfaces"),
                "[{\"name\": \"front\", \"target\": \"eth0\", \"driver\": \"net_af_xdp\", \"why\": \"asked "
                "for\", \"mac\": \"02:00:00:00:00:1f\", \"mtu\": 1500, \"queues\": 2, \"up\": true}]");
    json_t *w = json_object_get(a, "workers");
    cr_assert_eq(json_array_size(w), 2);
    assert_json(
        json_array_get(w, 1),
        "{\"worker\": 1, \"core\": -1, \"tid\": 77, \"queues\": 2, \"busy\": 0.25, \"busy_cycles\": 0, "
        "\"sleeps\": 0, "
        "\"clients\": 12, \"endpoints\": 0, \"endpoints_idle\": 0, \"exchanges\": 0, \"requests\": 0, "
        "\"kept_bytes\": 10, \"kept_bytes_max\": 1000}");
    json_decref(a);
}

Test(answers, status_of_the_access_log)
{
    answers.log = (const struct access_log *)&answers; /* looked at by access_log_stats() alone */
    json_t *a = ASK("status");
    assert_json(json_object_get(a, "access_log"),
                "{\"path\": \"/var/log/access.log\", \"lines\": 3, \"lost\": 1, \"reopens\": 2}");
    json_decref(a);
}

Test(answers, status_survives_a_path_that_is_no_utf8)
{
    config.file = "\xff\xfe";
    json_t *a = ASK("status");
    assert_json(json_object_get(a, "config"), "null");
    json_decref(a);
}

Test(answers, connections)
{
    workers.worker[1].engine = (struct engine){.slots = 4, .every = 2};
    json_t *a = ASK("connections", "all", "0", "0");
    assert_json(a, "{\"connections\": ["
                   "{\"side\": \"client\", \"worker\": 1, \"state\": \"open\", \"remote\": "
                   "\"192.0.2.1:40000\", \"local\": \"[fd00::1]:80\", \"peer\": null, \"cluster\": null, "
                   "\"endpoint\": null, \"bytes_in\": 0, \"bytes_out\": 0, \"age_s\": 2.75},"
                   "{\"side\": \"endpoint\", \"worker\": 1, \"state\": \"open\", \"remote\": "
                   "\"192.0.2.1:40000\", \"local\": \"[fd00::1]:80\", \"peer\": null, \"cluster\": \"app\", "
                   "\"endpoint\": \"[::]:8080\", \"bytes_in\": 2, \"bytes_out\": 4, \"age_s\": 2.75}]}");
    json_decref(a);
}

/* Follows "next" to the end; returns how many connections there were, over how many pages. */
static unsigned walk(const char *side, unsigned *pages)
{
    unsigned found = 0;
    char w[16] = "0", s[16] = "0";
    for (*pages = 0;;) {
        json_t *a = ASK("connections", side, w, s), *next = json_object_get(a, "next");
        size_t n = json_array_size(json_object_get(a, "connections"));
        cr_assert_leq(n, ANSWERS_PAGE);
        found += (unsigned)n;
        ++*pages;
        cr_assert_lt(*pages, 100, "no end");
        if (!next) {
            json_decref(a);
            return found;
        }
        snprintf(w, sizeof w, "%lld", json_integer_value(json_array_get(next, 0)));
        snprintf(s, sizeof s, "%lld", json_integer_value(json_array_get(next, 1)));
        json_decref(a);
    }
}

Test(answers, pages_lose_and_double_nothing)
{
    unsigned pages;
    workers.worker[0].engine = (struct engine){.slots = 3 * ANSWERS_PAGE + 1, .every = 1};
    workers.worker[1].engine = (struct engine){.slots = 10, .every = 3};
    cr_assert_eq(walk("all", &pages), 3 * ANSWERS_PAGE + 1 + 4);
    cr_assert_eq(pages, 4);
    cr_assert_eq(walk("client", &pages) + walk("endpoint", &pages), 3 * ANSWERS_PAGE + 1 + 4);
}

Test(answers, a_page_ends_also_in_an_empty_table)
{
    unsigned pages;
    workers.worker[0].engine = (struct engine){.slots = 2 * ANSWERS_PAGE_SLOTS + 1, .every = 0};
    workers.worker[1].engine = (struct engine){.slots = 1, .every = 1};
    cr_assert_eq(walk("all", &pages), 1);
    cr_assert_eq(pages, 3);
}

Test(answers, clients_with_the_most_connections_come_first)
{
    workers.worker[0].engine = (struct engine){.slots = 7};
    workers.worker[1].engine = (struct engine){.slots = 1000};
    json_t *a = ASK("clients"), *list = json_object_get(a, "clients");
    cr_assert_eq(json_array_size(list), ANSWERS_CLIENTS);
    assert_json(json_array_get(list, 0),
                "{\"address\": \"10.0.3.230\", \"connections\": 998, \"kept_bytes\": 256, \"worker\": 1}");
    assert_json(json_array_get(list, 99),
                "{\"address\": \"10.0.3.32\", \"connections\": 800, \"kept_bytes\": 256, \"worker\": 1}");
    json_decref(a);
    workers.worker[1].engine = (struct engine){.slots = 0};
    a = ASK("clients");
    list = json_object_get(a, "clients");
    cr_assert_eq(json_array_size(list), 4);
    assert_json(json_array_get(list, 0),
                "{\"address\": \"fd00::/64\", \"connections\": 6, \"kept_bytes\": 256, \"worker\": 0}");
    json_decref(a);
}

Test(answers, hooks_and_engines)
{
    for (enum accel_hook h = 0; h < ACCEL_HOOK_COUNT; h++)
        choices.hook[h] =
            (struct accel_choice){.provider = h == ACCEL_FLOW ? NULL : &accel_soft, .why = "so"};
    choices.nports = 1;
    memcpy(choices.port[0], choices.hook, sizeof choices.hook);
    json_t *a = ASK("accel"), *ports = json_object_get(a, "interfaces"), *hooks = json_object_get(a, "hooks"),
           *engines = json_object_get(a, "engines");
    json_t *providers = json_object_get(a, "providers");
    assert_json(json_array_get(providers, 1),
                "{\"provider\": \"simd\", \"about\": \"vector instructions of the CPU at hand\", "
                "\"can\": [\"checksum\", \"head-scan\"]}");
    assert_json(
        json_array_get(providers, 3),
        "{\"provider\": \"emu\", \"about\": \"a SmartNIC's flow engine, emulated in front of the worker\", "
        "\"can\": [\"flow\"]}");
    cr_assert_eq(json_array_size(hooks), ACCEL_HOOK_COUNT);
    assert_json(json_array_get(hooks, 0),
                "{\"hook\": \"checksum\", \"provider\": \"soft\", \"why\": \"so\"}");
    assert_json(json_array_get(hooks, 2), "{\"hook\": \"flow\", \"provider\": \"none\", \"why\": \"so\"}");
    cr_assert_eq(json_array_size(ports), 1);
    cr_expect(json_equal(json_object_get(json_array_get(ports, 0), "hooks"), hooks));
    cr_assert_eq(json_array_size(engines), 1);
    assert_json(
        json_array_get(engines, 0),
        "{\"worker\": 0, \"provider\": \"emu\", \"about\": \"numbers\", \"entries\": 64, \"hits\": 30, "
        "\"hit_bytes\": 0, \"misses\": 10, \"rules\": 2, \"inserted\": 5, \"removed\": 0, \"full\": 0, "
        "\"refused\": 0, \"aged\": 0, \"lost\": 0, \"insert_ns\": 0, \"lived_ns\": 1000, "
        "\"emulation_cycles\": 7, "
        "\"worker_cycles\": 9}");
    json_decref(a);
}

Test(answers, memory_is_added_up)
{
    roster = roster_create(NWORKER);
    uint64_t endpoints = (roster_memory(roster) + MEMORY_PAGE - 1) / MEMORY_PAGE * MEMORY_PAGE + MEMORY_PAGE;
    config.dpdk.memory_bytes = 10 * MEMORY_PAGE;
    answers.start_bytes = 5 * MEMORY_PAGE;
    json_t *a = ASK("memory"), *parts = json_object_get(a, "parts");
    cr_assert_eq(json_array_size(parts), 5);
    assert_json(json_array_get(parts, 0), "{\"part\": \"all of it\", \"bytes\": 32768}"); /* of two workers */
    assert_json(json_array_get(parts, 1), "{\"part\": \"packet buffers\", \"bytes\": 45056}");
    assert_json(json_array_get(parts, 4), "{\"part\": \"program at start\", \"bytes\": 24576}");
    cr_assert_eq(json_integer_value(json_object_get(a, "bytes_max")),
                 32768 + 45056 + (8 << 20) + 4096 + 24576 + (long long)endpoints);
    cr_assert_gt(json_integer_value(json_object_get(a, "resident")), 0);
    json_decref(a);
    roster_destroy(roster);
    roster = NULL;
}

Test(answers, neighbours_of_each_worker)
{
    json_t *a = ASK("neighbours");
    json_t *list = json_object_get(a, "neighbours");
    cr_assert_eq(json_array_size(list), 4);
    assert_json(json_array_get(list, 2),
                "{\"address\": \"10.0.0.2\", \"mac\": \"02:00:00:00:00:09\", "
                "\"interface\": \"front\", \"state\": \"reachable\", \"worker\": 1}");
    assert_json(json_array_get(list, 3), "{\"address\": \"::\", \"mac\": null, \"interface\": \"-\", "
                                         "\"state\": \"incomplete\", \"worker\": 1}");
    cr_assert_eq(workers.calls, 2);
    json_decref(a);
}

Test(answers, what_is_refused)
{
    static const struct {
        unsigned n;
        const char *word[4];
    } rows[] = {
        {1, {"reboot"}},
        {1, {"Status"}},
        {2, {"status", "now"}},
        {1, {"connections"}},
        {4, {"connections", "both", "0", "0"}},
        {4, {"connections", "all", "-1", "0"}},
        {4, {"connections", "all", "0", "4294967296"}},
        {4, {"connections", "all", "0", "99999999999999999999"}},
        {4, {"connections", "all", "1x", "0"}},
        {4, {"connections", "all", "+1", "0"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *a = ask(rows[i].n, rows[i].word);
        cr_assert(json_is_string(json_object_get(a, "error")), "row %zu", i);
        json_decref(a);
    }
}

Test(answers, places_beyond_the_end)
{
    json_t *a = ASK("connections", "all", "4294967295", "4294967295");
    assert_json(a, "{\"connections\": []}");
    json_decref(a);
}

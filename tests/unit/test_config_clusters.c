/* What is refused of clusters and endpoints. */
#include "tests/unit/config_rig.h"

#define NOT_A_SERVER(at, what)                                                                               \
    at ": address: must be the address and port of a server, such as \"10.0.1.11:80\" or "                   \
       "\"[fd00:1::11]:80\", or its name and port, such as \"api.internal:80\", not \"" what "\"\n"

static const struct row rows[] = {
    {"PROXY headers",
     "clusters: [{name: c, proxy_protocol: any, endpoints: [{address: \"10.0.0.9:80\"}]}]\n" INTERFACES
         LISTENERS ROUTES,
     "1:38: proxy_protocol: must be v1 or v2, not \"any\"\n"},
    {"retry",
     "clusters:\n"
     "- name: c\n"
     "  endpoints: [{address: \"10.0.0.9:80\"}]\n"
     "  retry: {conditions: [reset, 399, 600, often], methods: [GET, get], budget: 101%, backoff: "
     "2m}\n" INTERFACES LISTENERS ROUTES,
     "4:31: conditions: each item must be connect_failure, reset, timeout or a status from 400 to 599, not "
     "\"399\"\n"
     "4:36: conditions: each item must be connect_failure, reset, timeout or a status from 400 to 599, not "
     "\"600\"\n"
     "4:41: conditions: each item must be connect_failure, reset or timeout, not \"often\"\n"
     "4:64: methods: each item must be GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE or PATCH, not \"get\"\n"
     "4:78: budget: must be a percentage from 0% to 100%, not \"101%\"\n"
     "4:93: backoff: must be a duration from 0ms to 1m (units: ms, s, m, h), not \"2m\"\n"},
    {"weights",
     "clusters: [{name: c, endpoints: [{address: \"10.0.0.9:80\", weight: 0}, {address: \"10.0.0.8:80\", "
     "weight: 1001}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:104: weight: must be a whole number from 0 to 1000, not \"1001\"\n"},
    {"no weight",
     "clusters: [{name: c, endpoints: [{address: \"10.0.0.9:80\", weight: 0}]}]\n" INTERFACES LISTENERS
         ROUTES,
     "1:33: endpoints: all have weight 0, so that none takes requests\n"},
    {"endpoint addresses",
     "clusters: [{name: c, endpoints: [{address: 10.0.0.9}, {address: \"0.0.0.0:80\"}, {address: "
     "\"*:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:44: address: must be the address and port of a server, such as \"10.0.1.11:80\" or "
     "\"[fd00:1::11]:80\", or its name and port, such as \"api.internal:80\", not \"10.0.0.9\"\n"
     "1:65: address: must be the address and port of a server, such as \"10.0.1.11:80\" or "
     "\"[fd00:1::11]:80\", or its name and port, such as \"api.internal:80\", not \"0.0.0.0:80\"\n"
     "1:90: address: must be the address and port of a server, such as \"10.0.1.11:80\" or "
     "\"[fd00:1::11]:80\", or its name and port, such as \"api.internal:80\", not \"*:80\"\n"},
    {"endpoint unreachable",
     "clusters: [{name: c, endpoints: [{address: \"10.1.0.9:80\"}, {address: "
     "\"[fd00::9]:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:44: address: no interface leads to 10.1.0.9:80: it is in none of their networks, and there is no "
     "gateway\n"
     "1:70: address: no interface leads to [fd00::9]:80: it is in none of their networks, and there is no "
     "gateway\n"},
    {"endpoint is a listener",
     "clusters: [{name: c, endpoints: [{address: \"10.0.0.2:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:44: address: 10.0.0.2:80 is a listener of lacon's own, on line 3\n"},
    {"endpoint is at our address",
     "clusters: [{name: c, endpoints: [{address: \"10.0.0.2:81\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:44: address: 10.0.0.2:81 is at an address of lacon's own, where no server can be\n"},
    {"endpoint is any listener",
     "listeners:\n"
     "- {name: l, address: \"*:80\"}\n"
     "clusters: [{name: c, endpoints: [{address: \"10.0.0.2:80\"}, {address: \"10.0.0.9:80\"}]}]\n" INTERFACES
         ROUTES,
     "3:44: address: 10.0.0.2:80 is a listener of lacon's own, on line 2\n"},
    {"limits",
     "clusters: [{name: c, tries: 11, retry_buffer: 61KiB, pool_size: -1, lb_policy: rando, endpoints: "
     "[{address: \"10.0.0.9:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:29: tries: must be a whole number from 1 to 10, not \"11\"\n"
     "1:47: retry_buffer: must be a size from 0 to 60KiB (units: KiB, MiB, GiB, or none for bytes), not "
     "\"61KiB\"\n"
     "1:65: pool_size: must be a whole number from 0 to 65536, not \"-1\"\n"
     "1:80: lb_policy: must be round_robin, least_conn, random, ewma, source_hash, ring_hash or maglev, not "
     "\"rando\"\n"},
    {"checks",
     "clusters: [{name: c, panic_threshold: 101%, health_check: {protocol: udp, port: 0, method: POST, path: "
     "a, "
     "host: \"a b\", expected_statuses: [99, 200-199, 20x], body_contains: \"\", interval: 5ms, timeout: 2h, "
     "healthy_threshold: 0, unhealthy_threshold: 101, initial_state: sick, jitter: 1}, endpoints: [{address: "
     "\"10.0.0.9:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:39: panic_threshold: must be a percentage from 0% to 100%, not \"101%\"\n"
     "1:70: protocol: must be tcp or http, not \"udp\"\n"
     "1:81: port: must be a whole number from 1 to 65535, not \"0\"\n"
     "1:92: method: must be GET, HEAD or OPTIONS, not \"POST\"\n"
     "1:104: path: must be a path of at most 1024 bytes in plain ASCII that begins with /, not \"a\"\n"
     "1:113: host: must be a host name, with a port or without, not \"a b\"\n"
     "1:140: expected_statuses: each item must be a status from 100 to 599, or a range of them, such as "
     "200-299, not \"99\"\n"
     "1:144: expected_statuses: each item must be a status from 100 to 599, or a range of them, such as "
     "200-299, not \"200-199\"\n"
     "1:153: expected_statuses: each item must be a status from 100 to 599, or a range of them, such as "
     "200-299, not \"20x\"\n"
     "1:174: body_contains: must be 1 to 255 bytes, not \"\"\n"
     "1:188: interval: must be a duration from 10ms to 24h (units: ms, s, m, h), not \"5ms\"\n"
     "1:202: timeout: must be a duration from 10ms to 1h (units: ms, s, m, h), not \"2h\"\n"
     "1:225: healthy_threshold: must be a whole number from 1 to 100, not \"0\"\n"
     "1:249: unhealthy_threshold: must be a whole number from 1 to 100, not \"101\"\n"
     "1:269: initial_state: must be up or down, not \"sick\"\n"
     "1:283: jitter: must be a percentage from 0% to 100%, not \"1\"\n"},
    {"names",
     "clusters: [{name: c, endpoints: [{address: \"a.b:80\"}, {address: \"10.0.0:80\"}, {address: "
     "\"*.b:80\"}, "
     "{address: \"a.b\"}, {address: \"a.b:0\"}, {address: \"a..b:80\"}]}]\n"
     "dns: {servers: [\"a:53\", 10.0.0.1, \"10.0.0.1:99999\"], min_ttl: 2m, max_ttl: 1m, timeout: "
     "0s}\n" INTERFACES LISTENERS ROUTES,
     NOT_A_SERVER("1:65", "10.0.0:80") NOT_A_SERVER("1:89", "*.b:80") NOT_A_SERVER("1:110", "a.b")
         NOT_A_SERVER("1:128", "a.b:0")
             NOT_A_SERVER("1:148", "a..b:80") "2:17: servers: each item must be the address of a name "
                                              "server, such as 10.0.0.53 or \"10.0.0.53:5353\", not "
                                              "\"a:53\"\n"
                                              "2:35: servers: each item must be the address of a name "
                                              "server, such as 10.0.0.53 or \"10.0.0.53:5353\", not "
                                              "\"10.0.0.1:99999\"\n"
                                              "2:63: min_ttl: must not be above max_ttl\n"
                                              "2:89: timeout: must be a duration from 10ms to 1m (units: ms, "
                                              "s, m, h), not \"0s\"\n"},
    {"outlier detection",
     "clusters: [{name: c, outlier_detection: {consecutive_failures: 1001, consecutive_5xx: -1, error_rate: "
     "5, window: "
     "10ms, min_requests: 0, base_ejection_time: 1ms, max_ejection_percent: 200%}, endpoints: [{address: "
     "\"10.0.0.9:80\"}]}, {name: d, outlier_detection: {base_ejection_time: 10m}, endpoints: [{address: "
     "\"10.0.0.9:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:64: consecutive_failures: must be a whole number from 0 to 1000, not \"1001\"\n"
     "1:87: consecutive_5xx: must be a whole number from 0 to 1000, not \"-1\"\n"
     "1:103: error_rate: must be a percentage from 0% to 100%, not \"5\"\n"
     "1:114: window: must be a duration from 100ms to 1h (units: ms, s, m, h), not \"10ms\"\n"
     "1:134: min_requests: must be a whole number from 1 to 1000000, not \"0\"\n"
     "1:157: base_ejection_time: must be a duration from 10ms to 24h (units: ms, s, m, h), not \"1ms\"\n"
     "1:184: max_ejection_percent: must be a percentage from 0% to 100%, not \"200%\"\n"
     "1:281: base_ejection_time: must not be above max_ejection_time\n"},
    {"checks that do not go together",
     "clusters: [{name: c, health_check: {protocol: tcp, host: a, expected_statuses: [200], body_contains: "
     "x}, "
     "endpoints: [{address: \"10.0.0.9:80\"}]}, {name: d, health_check: {protocol: http, method: HEAD, "
     "body_contains: x}, endpoints: [{address: \"10.0.0.9:80\"}]}, {name: e, health_check: {port: 1}, "
     "endpoints: "
     "[{address: \"10.0.0.9:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:58: host: goes with \"protocol: http\" only\n"
     "1:80: expected_statuses: goes with \"protocol: http\" only\n"
     "1:102: body_contains: goes with \"protocol: http\" only\n"
     "1:216: body_contains: an answer to HEAD has no body\n"
     "1:284: health_check needs \"protocol\"\n"},
    {"hash key without hashing",
     "clusters: [{name: c, hash_key: path, ring_size: 100, maglev_table: 7, endpoints: [{address: "
     "\"10.0.0.9:80\"}, {address: \"10.0.0.8:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:32: hash_key: goes with lb_policy ring_hash or maglev only\n"
     "1:49: ring_size: goes with lb_policy ring_hash only\n"
     "1:68: maglev_table: goes with lb_policy maglev only\n"},
    {"hash key of source hash",
     "clusters: [{name: c, lb_policy: source_hash, hash_key: source, endpoints: [{address: \"10.0.0.9:80\"}, "
     "{address: \"10.0.0.8:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:56: hash_key: goes with lb_policy ring_hash or maglev only\n"},
    {"hash keys",
     "clusters:\n"
     "- {name: c, lb_policy: maglev, hash_key: header, endpoints: [{address: \"10.0.0.9:80\"}, {address: "
     "\"10.0.0.8:80\"}]}\n"
     "- {name: d, lb_policy: maglev, hash_key: \"cookie:a b\", endpoints: [{address: \"10.0.0.9:80\"}, "
     "{address: \"10.0.0.8:80\"}]}\n"
     "- {name: e, lb_policy: ring_hash, hash_key: \"query:\", endpoints: [{address: \"10.0.0.9:80\"}, "
     "{address: \"10.0.0.8:80\"}]}\n" INTERFACES LISTENERS ROUTES,
     "2:42: hash_key: must be source, path, header:NAME, cookie:NAME or query:NAME, not \"header\"\n"
     "3:42: hash_key: must be source, path, header:NAME, cookie:NAME or query:NAME, not \"cookie:a b\"\n"
     "4:45: hash_key: must be source, path, header:NAME, cookie:NAME or query:NAME, not \"query:\"\n"},
    {"hash key with two parameters",
     "clusters: [{name: c, lb_policy: maglev, hash_key: \"query:a&b\", endpoints: [{address: "
     "\"10.0.0.9:80\"}, {address: \"10.0.0.8:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:51: hash_key: must be source, path, header:NAME, cookie:NAME or query:NAME, not \"query:a&b\"\n"},
    {"table sizes",
     "clusters:\n"
     "- {name: c, lb_policy: maglev, maglev_table: 65536, endpoints: [{address: \"10.0.0.9:80\"}, {address: "
     "\"10.0.0.8:80\"}]}\n"
     "- {name: d, lb_policy: ring_hash, ring_size: 1, endpoints: [{address: \"10.0.0.9:80\"}, {address: "
     "\"10.0.0.8:80\"}]}\n" INTERFACES LISTENERS ROUTES,
     "2:46: maglev_table: must be a prime number, not 65536; the next one is 65537\n"
     "3:46: ring_size: must be at least the number of endpoints (2), better 100 times as much, not 1\n"},
    {"maglev table smaller than the cluster",
     "clusters: [{name: c, lb_policy: maglev, maglev_table: 2, endpoints: [{address: \"10.0.0.9:80\"}, "
     "{address: \"10.0.0.8:80\"}, {address: \"10.0.0.7:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:55: maglev_table: must be at least the number of endpoints (3), better 100 times as much, not 2\n"},
    {"subset of a hash",
     "clusters: [{name: c, lb_policy: source_hash, subset_size: 1, endpoints: [{address: \"10.0.0.9:80\"}, "
     "{address: \"10.0.0.8:80\"}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:59: subset_size: does not go with an lb_policy by hash: workers would send the same key elsewhere\n"},
    {"zones",
     "clusters:\n"
     "- {name: c, prefer_zone: a, endpoints: [{address: \"10.0.0.9:80\", zone: b}, {address: "
     "\"10.0.0.8:80\"}]}\n"
     "- {name: d, endpoints: [{address: \"10.0.0.9:80\", zone: b}]}\n" INTERFACES LISTENERS ROUTES,
     "2:26: prefer_zone: no endpoint is in zone \"a\"\n"
     "3:56: zone: has no use without \"prefer_zone\" in the cluster\n"},
    {"balancing limits",
     "clusters: [{name: c, slow_start: 25h, overprovisioning_factor: 99, subset_size: 0, endpoints: "
     "[{address: \"10.0.0.9:80\", priority: 128}]}]\n" INTERFACES LISTENERS ROUTES,
     "1:34: slow_start: must be a duration from 0ms to 24h (units: ms, s, m, h), not \"25h\"\n"
     "1:64: overprovisioning_factor: must be a whole number from 100 to 10000, not \"99\"\n"
     "1:81: subset_size: must be a whole number from 1 to 4096, not \"0\"\n"
     "1:131: priority: must be a whole number from 0 to 127, not \"128\"\n"},
    {"balancing",
     "clusters:\n"
     "- {name: c, lb_policy: ring_hash, hash_key: \"header:X-User\", ring_size: 5000, prefer_zone: a, "
     "endpoints: [{address: \"10.0.0.9:80\", zone: a}, {address: \"10.0.0.8:80\", priority: 1}]}\n"
     "- {name: d, lb_policy: least_conn, slow_start: 30s, subset_size: 10, endpoints: [{address: "
     "\"10.0.0.9:80\"}, {address: \"10.0.0.8:80\"}]}\n"
     "- {name: e, lb_policy: ewma, endpoints: [{address: \"10.0.0.9:80\"}, {address: \"10.0.0.8:80\"}]}\n"
     "- {name: f, lb_policy: random, endpoints: [{address: \"10.0.0.9:80\"}, {address: \"10.0.0.8:80\"}]}\n"
     "- {name: g, lb_policy: source_hash, endpoints: [{address: \"10.0.0.9:80\"}, {address: "
     "\"10.0.0.8:80\"}]}\n" INTERFACES LISTENERS ROUTES,
     NULL},
    {"cluster names",
     "clusters:\n"
     "- {name: c, endpoints: [{address: \"10.0.0.9:80\"}]}\n"
     "- {name: c, endpoints: [{address: \"10.0.0.9:80\"}]}\n" INTERFACES LISTENERS ROUTES,
     "3:10: name: another cluster is called \"c\", on line 2\n"},
    {"unused cluster",
     "clusters:\n"
     "- {name: c, endpoints: [{address: \"10.0.0.9:80\"}]}\n"
     "- {name: d, endpoints: [{address: \"10.0.0.9:80\"}]}\n" INTERFACES LISTENERS ROUTES,
     NULL},
};

Test(config_clusters, what_is_refused_and_how)
{
    expect_rows(rows, sizeof rows / sizeof *rows);
}

#include "tests/unit/config_rig.h"

#define RULE(text) "routes: [{name: r, rules: [{cluster: c, " text "}]}]\n" INTERFACES LISTENERS CLUSTERS
#define LISTENER(text)                                                                                       \
    "listeners: [{name: l, address: \"10.0.0.2:80\", " text "}]\n" INTERFACES ROUTES CLUSTERS
#define COOKIE(text)                                                                                         \
    "clusters: [{name: c, affinity: {cookie: {" text                                                         \
    "}}, endpoints: [{address: \"10.0.0.9:80\"}]}]\n" INTERFACES LISTENERS ROUTES

#define TABOO "a field that is end-to-end and does not frame the message: this one is lacon's own to write"

static const struct row rows[] = {
    /* edits */
    {"edits that are taken",
     RULE("request_headers: {remove: [Cookie], set: [{name: a, value: \"%{host}\"}]}"), NULL},
    {"fields that frame a message", RULE("request_headers: {remove: [content-LENGTH]}"),
     "1:68: remove: each item must be " TABOO ", not \"content-LENGTH\"\n"},
    {"fields about the connection", RULE("response_headers: {add: [{name: Transfer-Encoding, value: x}]}"),
     "1:73: name: must be " TABOO ", not \"Transfer-Encoding\"\n"},
    {"Host", RULE("request_headers: {set: [{name: Host, value: x}]}"),
     "1:72: name: must be another field than Host, which a rule's \"rewrite\" is for, not \"Host\"\n"},
    {"a name that is none", RULE("request_headers: {set: [{name: \"a b\", value: x}]}"),
     "1:72: name: must be the name of a header field, such as x-canary, not \"a b\"\n"},
    {"another line", RULE("request_headers: {set: [{name: a, value: \"b\\r\\nc: d\"}]}"),
     "1:82: control characters and line breaks are not allowed in a value\n"},
    {"a variable that is not known yet", RULE("request_headers: {set: [{name: a, value: \"%{endpoint}\"}]}"),
     "1:82: value: must be text with the variables that a request knows: client_address client_port "
     "peer_address listener listener_port route rule cluster request_id time time_unix method scheme host "
     "path query, not \"%{endpoint}\"\n"},
    {"a variable that is gone", LISTENER("response_headers: {set: [{name: a, value: \"%{path}\"}]}"),
     "1:89: value: must be text with the variables that a response knows: client_address client_port "
     "peer_address listener listener_port route rule cluster endpoint request_id time time_unix method, not "
     "\"%{path}\"\n"},
    {"set twice", RULE("request_headers: {set: [{name: a, value: x}, {name: A, value: y}]}"),
     "1:58: request_headers: \"A\" is set twice\n"},
    {"no edit", RULE("response_headers: {}"), "1:59: response_headers: needs remove, set or add\n"},
    /* rewrites */
    {"rewrites to nowhere", RULE("rewrite: {}"), "1:50: rewrite: needs hostname, path or prefix\n"},
    {"rewrites in two ways", RULE("rewrite: {path: /a, prefix: /b}"),
     "1:69: prefix: \"path\" is given already\n"},
    {"a prefix may go", RULE("rewrite: {prefix: \"\"}"), NULL},
    {"a prefix where there is none",
     "routes: [{name: r, rules: [{matches: [{path: {exact: /a}}], cluster: c, rewrite: {prefix: "
     "/b}}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:91: prefix: goes with matches by \"prefix\" only\n"},
    {"what goes to no endpoint",
     "routes: [{name: r, rules: [{deny: true, rewrite: {path: /b}, request_headers: {remove: "
     "[a]}}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:57: rewrite: goes with \"cluster\" or \"clusters\" only\n"
     "1:88: request_headers: goes with \"cluster\" or \"clusters\" only\n"},
    /* identity */
    {"what proxies tell", LISTENER("x_forwarded_for: true"),
     "1:64: x_forwarded_for: must be off, append or replace, not \"true\"\n"},
    {"trusted proxies", LISTENER("trusted_proxies: [10.0.0.1, 10.0.0.0/33]"),
     "1:75: trusted_proxies: each item must be a network, such as 10.0.0.0/8 or \"fd00::/16\", or an "
     "address, "
     "not \"10.0.0.0/33\"\n"},
    {"heads where there are none",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.2:80\"}\n"
     "- name: t\n"
     "  address: \"10.0.0.2:81\"\n"
     "  protocol: tcp\n"
     "  cluster: c\n"
     "  x_request_id: append\n"
     "  traceparent: off\n"
     "  response_headers: {remove: [a]}\n" INTERFACES ROUTES CLUSTERS,
     "7:17: x_request_id: goes with \"protocol: http\"\n"
     "9:30: response_headers: goes with \"protocol: http\"\n"},
    /* affinity */
    {"cookies that are taken", COOKIE("name: n, same_site: none, secure: true"), NULL},
    {"cookies", COOKIE("name: \"a;b\", key: short, path: x, domain: \"a;b\", max_age: 9000h"),
     "1:48: name: must be the name of a cookie, of at most 64 bytes, not \"a;b\"\n"
     "1:60: key: must be text of 16 to 256 bytes that nobody can guess, not \"short\"\n"
     "1:73: path: must be a path that begins with /, not \"x\"\n"
     "1:84: domain: must be text without spaces and semicolons, not \"a;b\"\n"
     "1:100: max_age: must be a duration from 0ms to 8760h (units: ms, s, m, h), not \"9000h\"\n"},
    {"a cookie that browsers refuse", COOKIE("name: n, same_site: none"),
     "1:41: cookie: browsers take \"same_site: none\" with \"secure: true\" only\n"},
    {"affinity by nothing",
     "clusters: [{name: c, affinity: {}, endpoints: [{address: \"10.0.0.9:80\"}]}]\n" INTERFACES LISTENERS
         ROUTES,
     "1:32: affinity: needs \"cookie\"\n"},
};

Test(config_headers, what_is_refused_and_how)
{
    expect_rows(rows, sizeof rows / sizeof *rows);
}

/* What is printed reads back to the same; test_config.c does so with every key. */
Test(config_headers, templates_are_made_once)
{
    static const char yaml[] =
        RULE("request_headers: {set: [{name: a, value: \"1%%%{host}\"}], add: [{name: b, value: \"\"}]}");
    struct cfg_errors errs;
    struct config *c = config_parse("f", yaml, strlen(yaml), &errs);

    cr_assert(c, "%s", errs.e[0].message);
    const struct field_edit *e = &c->route[0].rule[0].request_edit;
    cr_assert_eq(e->nset, 1);
    cr_expect_str_eq(e->set[0].value, "1%%%{host}");
    cr_assert_eq(e->set[0].made.npiece, 3);
    cr_expect_eq(e->set[0].made.piece[2].var, TEMPLATE_HOST);
    cr_expect_eq(e->add[0].made.npiece, 0);
    cr_expect(field_edit_names(e, span_str("A")));
    cr_expect_not(field_edit_names(e, span_str("b")));
    config_free(c);
    cfg_errors_free(&errs);
}

/* What is refused of routes and their rules. */
#include "tests/unit/config_rig.h"

static const struct row rows[] = {
    {"what nobody who comes can have",
     "listeners: [{name: h, address: \"10.0.0.2:80\"}, {name: t, address: \"10.0.0.2:81\", protocol: tcp, "
     "cluster: d}, {name: s, address: \"10.0.0.2:443\", protocol: tls}]\n"
     "routes:\n"
     "- {name: a, listeners: [h], rules: [{cluster: c, matches: [{alpn: [h2]}]}]}\n"
     "- {name: b, listeners: [s], rules: [{cluster: e, matches: [{alpn: [h2]}]}]}\n"
     "- {name: all, rules: [{cluster: f, matches: [{alpn: [h2]}]}]}\n"
     "clusters:\n"
     "- {name: c, affinity: {cookie: {name: x}}, endpoints: [{address: \"10.0.0.9:80\"}]}\n"
     "- {name: d, affinity: {cookie: {name: x}}, endpoints: [{address: \"10.0.0.9:80\"}]}\n"
     "- {name: e, affinity: {cookie: {name: x}}, endpoints: [{address: \"10.0.0.9:80\"}]}\n"
     "- {name: f, affinity: {cookie: {name: x}}, endpoints: [{address: \"10.0.0.9:80\"}]}\n"
     "- {name: g, affinity: {cookie: {name: x}}, endpoints: [{address: \"10.0.0.9:80\"}]}\n" INTERFACES,
     "3:67: alpn: none of the route's listeners is of \"protocol: tls\", so that nobody matches\n"
     "8:39: cookie: goes with \"protocol: http\"; nothing else leads to this cluster\n"
     "9:39: cookie: goes with \"protocol: http\"; nothing else leads to this cluster\n"},
    {"mirrors",
     "routes: [{name: r, rules: [{cluster: c, mirror: {cluster: x}}, {cluster: c, mirror: {percent: 101, "
     "cluster: c}}, "
     "{cluster: c, mirror: {percent: 0, cluster: c}}, {cluster: c, mirror: {}}, {cluster: c, mirror: c}, "
     "{deny: true, mirror: {cluster: c}}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:59: no cluster is called \"x\"\n"
     "1:95: percent: must be a whole number from 1 to 100, not \"101\"\n"
     "1:145: percent: must be a whole number from 1 to 100, not \"0\"\n"
     "1:183: mirror needs \"cluster\"\n"
     "1:209: mirror: must be a group of keys, not \"c\"\n"
     "1:244: mirror: goes with \"cluster\" or \"clusters\" only\n"},
    {"protocols of TLS clients",
     "routes: [{name: r, rules: [{cluster: c, matches: [{alpn: []}, {alpn: [\"\", \"h 2\", h2]}, {alpn: "
     "h2}]}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:58: alpn: must have 1 to 16 items, not 0\n"
     "1:70: alpn: none of the route's listeners is of \"protocol: tls\", so that nobody matches\n"
     "1:71: alpn: each item must be a protocol of 1 to 254 bytes, such as h2 or http/1.1, not \"\"\n"
     "1:75: alpn: each item must be a protocol as TLS clients offer it, such as h2 or http/1.1, not \"h 2\"\n"
     "1:95: alpn: must be a list, not \"h2\"\n"},
    {"no such cluster",
     "routes: [{name: r, rules: [{cluster: cc}, {cluster: other}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:38: no cluster is called \"cc\"; did you mean \"c\"?\n"
     "1:53: no cluster is called \"other\"\n"},
    {"no such listener",
     "routes: [{name: r, listeners: [x, l, l], rules: [{cluster: c}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:32: no listener is called \"x\"\n"
     "1:38: listeners: \"l\" is listed twice\n"},
    {"listeners that are no names",
     "routes: [{name: r, listeners: [{a: 1}, l, ~, [l]], rules: [{cluster: c}]}]\n" CLUSTERS,
     "1:1: the configuration needs \"interfaces\"\n"
     "1:1: the configuration needs \"listeners\"\n"
     "1:32: listeners: each item must be the name of a listener, not a group of keys\n"
     "1:43: listeners: each item must be the name of a listener, not empty\n"
     "1:46: listeners: each item must be the name of a listener, not a list\n"},
    {"hosts",
     "routes: [{name: r, hostnames: [a..b, \"*\", \"*.\", -a, a-, \"a:80\", a.b., \"a.*\", ok, OK, "
     "\"*.Ok.example\"], rules: [{cluster: c}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:32: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"a..b\"\n"
     "1:38: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"*\"\n"
     "1:43: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"*.\"\n"
     "1:49: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"-a\"\n"
     "1:53: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"a-\"\n"
     "1:57: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"a:80\"\n"
     "1:65: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"a.b.\"\n"
     "1:71: hostnames: each item must be a host name such as shop.example.com or \"*.example.com\", without "
     "port or final dot, not \"a.*\"\n"
     "1:82: hostnames: \"ok\" is listed twice\n"},
    {"paths",
     "routes: [{name: r, rules: [{cluster: c, matches: [{path: {prefix: api}}, {path: {exact: /a b}}, {path: "
     "{prefix: \"/a?b\"}}, {path: {prefix: /a//b}}, {path: {prefix: /a/..}}, {path: {}}, {path: {prefix: /, "
     "exact: /}}, {}]}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:67: prefix: must be a path of at most 1024 bytes that begins with /, not \"api\"\n"
     "1:89: exact: must be a path in plain ASCII without spaces, query (?) or fragment (#), not \"/a b\"\n"
     "1:113: prefix: must be a path in plain ASCII without spaces, query (?) or fragment (#), not \"/a?b\"\n"
     "1:139: prefix: must be a path without empty or dot segments (//, /./, /../), not \"/a//b\"\n"
     "1:164: prefix: must be a path without empty or dot segments (//, /./, /../), not \"/a/..\"\n"
     "1:180: path needs one of prefix, exact, regex\n"
     "1:204: path cannot have both \"prefix\" and \"exact\"\n"},
    {"protocol of a listener",
     "listeners:\n"
     "- {name: a, address: \"10.0.0.2:80\", protocol: tcp, max_body: 1MiB}\n"
     "- {name: b, address: \"10.0.0.2:81\", cluster: c}\n"
     "- {name: d, address: \"10.0.0.2:82\", protocol: udp}\n"
     "routes: [{name: r, listeners: [a], rules: [{cluster: c}]}]\n" INTERFACES CLUSTERS,
     "2:47: protocol: tcp needs \"cluster\", where the connections go\n"
     "2:62: max_body: goes with \"protocol: http\"\n"
     "3:46: cluster: goes with \"protocol: tcp\"; what goes to which cluster is said by routes\n"
     "4:47: protocol: must be http, tcp or tls, not \"udp\"\n"
     "5:32: listeners: \"a\" takes no requests, it is of protocol tcp\n"},
    {"no routes, and listeners of protocol tcp alone",
     "listeners: [{name: l, address: \"10.0.0.2:80\", protocol: tcp, cluster: c}]\n" INTERFACES CLUSTERS,
     NULL},
    {"no routes, and a listener that needs them",
     "listeners: [{name: l, address: \"10.0.0.2:80\", protocol: tcp, cluster: c},\n"
     "  {name: m, address: \"10.0.0.2:81\"}, {name: n, address: \"10.0.0.2:82\", protocol: tls}]\n" INTERFACES
         CLUSTERS,
     "1:1: the configuration needs \"routes\", unless every listener is of \"protocol: tcp\"\n"},
    {"empty lists in routes",
     "routes: [{name: r, listeners: [], hostnames: [], rules: []}, {name: q, rules: [{cluster: c, matches: "
     "[]}]}]\n" INTERFACES LISTENERS CLUSTERS,
     "1:31: listeners: must have 1 to 256 items, not 0\n"
     "1:46: hostnames: must have 1 to 256 items, not 0\n"
     "1:57: rules: must have 1 to 4096 items, not 0\n"
     "1:102: matches: must have 1 to 1024 items, not 0\n"},
    {"route names",
     "routes:\n"
     "- {name: r, rules: [{cluster: c}]}\n"
     "- {name: r, rules: [{cluster: c}]}\n" INTERFACES LISTENERS CLUSTERS,
     "3:10: name: another route is called \"r\", on line 2\n"},
    {"matches",
     "routes:\n"
     "- {name: r, rules: [{cluster: c, matches: [\n"
     "  {path: {regex: \"/v[0-9]+/.*\"}, method: M-SEARCH, source: [10.0.0.0/8, \"fd00::/16\", 192.0.2.7]},\n"
     "  {headers: [{name: X-A, exact: \"\"}, {name: x-b, present: true}, {name: x-c, regex: \"(?i)a|b\"}], "
     "query: [{name: \"a[]\", exact: \"%20\"}]},\n"
     "  {}]}]}\n" INTERFACES LISTENERS CLUSTERS,
     NULL},
    {"conditions",
     "routes:\n"
     "- {name: r, rules: [{cluster: c, matches: [\n"
     "  {headers: [{exact: a}, {name: x}, {name: x, exact: a, regex: a}, {name: \"a b\", present: true}]},\n"
     "  {query: [{name: \"a=b\", exact: a}, {name: a, present: false}], method: \"GET /\"},\n"
     "  {headers: [], query: []},\n"
     "  {}]}]}\n" INTERFACES LISTENERS CLUSTERS,
     "3:14: a header condition needs \"name\"\n"
     "3:26: a header condition needs one of exact, present, regex\n"
     "3:57: a header condition cannot have both \"exact\" and \"regex\"\n"
     "3:75: name: must be the name of a header field, such as x-canary, not \"a b\"\n"
     "4:19: name: must be the name of a query parameter as it is sent, such as page, not \"a=b\"\n"
     "4:56: present: must be true, not \"false\"\n"
     "4:73: method: must be a method, such as GET, not \"GET /\"\n"
     "5:13: headers: must have 1 to 16 items, not 0\n"
     "5:24: query: must have 1 to 16 items, not 0\n"},
    {"expressions",
     "routes:\n"
     "- {name: r, rules: [{cluster: c, matches: [\n"
     "  {path: {regex: \"/(\"}, headers: [{name: x, regex: \"(a)\\\\1\"}], query: [{name: q, regex: "
     "\"(?=a)\"}]},\n"
     "  {}]}]}\n" INTERFACES LISTENERS CLUSTERS,
     "3:18: regex: must be a regular expression that needs no backtracking (Missing close parenthesis for "
     "group started at index 1.), not \"/(\"\n"
     "3:52: regex: must be a regular expression that needs no backtracking (Back-references are "
     "unsupported.), not "
     "\"(a)\\1\"\n"
     "3:89: regex: must be a regular expression that needs no backtracking (Zero-width assertions are not "
     "supported.), not \"(?=a)\"\n"},
    {"sources",
     "routes:\n"
     "- {name: r, rules: [{cluster: c, matches: [\n"
     "  {source: [10.0.0.1/8, \"fd00::1/16\"]},\n"
     "  {}]}]}\n" INTERFACES LISTENERS CLUSTERS,
     "3:13: source: each item must be a network (this is an address in it, with bits behind the first 8), "
     "not \"10.0.0.1/8\"\n"
     "3:25: source: each item must be a network (this is an address in it, with bits behind the first 16), "
     "not \"fd00::1/16\"\n"},
    {"no sources",
     "routes:\n"
     "- {name: r, rules: [{cluster: c, matches: [\n"
     "  {source: [10.0.0/8, host, 10.0.0.0/33]},\n"
     "  {}]}]}\n" INTERFACES LISTENERS CLUSTERS,
     "3:13: source: each item must be a network, such as 10.0.0.0/8 or \"fd00::/16\", or an address, not "
     "\"10.0.0/8\"\n"
     "3:23: source: each item must be a network, such as 10.0.0.0/8 or \"fd00::/16\", or an address, not "
     "\"host\"\n"
     "3:29: source: each item must be a network, such as 10.0.0.0/8 or \"fd00::/16\", or an address, not "
     "\"10.0.0.0/33\"\n"},
    {"actions",
     "routes:\n"
     "- name: r\n"
     "  rules:\n"
     "  - {clusters: [{name: c, weight: 3}], split_key: \"header:x-a\"}\n"
     "  - {redirect: {scheme: https}}\n"
     "  - {matches: [{path: {prefix: /a}}, {}], redirect: {hostname: a.example, port: 1, prefix: /b, status: "
     "308}}\n"
     "  - {redirect: {path: /x}}\n"
     "  - {reply: {}}\n"
     "  - {reply: {status: 404, body: \"a b\", content_type: \"text/html; charset=utf-8\"}}\n"
     "  - {deny: true}\n" INTERFACES LISTENERS CLUSTERS,
     NULL},
    {"no action and two",
     "routes:\n"
     "- name: r\n"
     "  rules:\n"
     "  - {matches: [{}]}\n"
     "  - {cluster: c, deny: true}\n"
     "  - {deny: false}\n"
     "  - {redirect: {}}\n" INTERFACES LISTENERS CLUSTERS,
     "4:5: a rule needs one of cluster, clusters, redirect, reply, deny\n"
     "5:18: a rule cannot have both \"cluster\" and \"deny\"\n"
     "6:12: deny: must be true, not \"false\"\n"
     "7:16: redirect: needs scheme, hostname, port, path or prefix\n"},
    {"actions that are odd",
     "routes:\n"
     "- name: r\n"
     "  rules:\n"
     "  - {redirect: {scheme: ftp, hostname: \"*.a\", port: 0, path: x, status: 300}}\n"
     "  - {reply: {status: 199, content_type: text}}\n"
     "  - {clusters: [{weight: 1}]}\n" INTERFACES LISTENERS CLUSTERS,
     "4:25: scheme: must be http or https, not \"ftp\"\n"
     "4:40: hostname: must be a host name such as shop.example.com, without port or final dot, not \"*.a\"\n"
     "4:53: port: must be a whole number from 1 to 65535, not \"0\"\n"
     "4:62: path: must be a path of at most 1024 bytes that begins with /, not \"x\"\n"
     "4:73: status: must be a whole number from 301 to 308, not \"300\"\n"
     "5:22: status: must be a whole number from 200 to 599, not \"199\"\n"
     "5:41: content_type: must be a media type, such as text/html, not \"text\"\n"
     "6:17: a cluster of a rule needs \"name\"\n"},
    {"actions that do not fit",
     "routes:\n"
     "- name: r\n"
     "  rules:\n"
     "  - {clusters: [{name: c, weight: 0}]}\n"
     "  - {clusters: [{name: c}, {name: c}]}\n"
     "  - {cluster: c, split_key: source}\n"
     "  - {redirect: {path: /a, prefix: /b}}\n"
     "  - {matches: [{path: {exact: /a}}], redirect: {prefix: /b}}\n"
     "  - {redirect: {status: 301}}\n"
     "  - {redirect: {path: /a, status: 304}}\n"
     "  - {reply: {status: 304}}\n"
     "  - {reply: {status: 204, body: a}}\n" INTERFACES LISTENERS CLUSTERS,
     "4:16: clusters: all have weight 0, so that none takes requests\n"
     "5:35: name: this cluster is listed twice\n"
     "6:29: split_key: goes with \"clusters\" only\n"
     "7:35: prefix: \"path\" is given already\n"
     "8:57: prefix: goes with matches by \"prefix\" only\n"
     "9:25: redirect: leads back to the same place: needs scheme, hostname, port, path or prefix\n"
     "10:35: status: must be 301, 302, 303, 307 or 308\n"
     "11:22: status: 205 and 304 cannot be given as a reply\n"
     "12:33: body: there is none with status 204\n"},
};

Test(config_routes, what_is_refused_and_how)
{
    expect_rows(rows, sizeof rows / sizeof *rows);
}

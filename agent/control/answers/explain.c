/* See explain.h. What is told of a match that lost says by which step of HTTPRoute's precedence. */
#include "agent/control/answers/explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/control/answers/answer.h"
#include "agent/exchange/explain.h"

#define NS_PER_S 1e9

/* ---- the question ---- */

struct question {
    const struct config *config;
    const struct cfg_listener *listener;
    struct http_head head; /* of http */
    uint8_t alpn[256];
    unsigned refused; /* the status of a head that cannot be taken; 0: it can */
    struct explain ask;
};

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes the percent-coding in place. False when it is none. */
static bool decode(char *text, struct span *out)
{
    char *to = text;
    for (const char *s = text; *s; to++) {
        if (*s != '%') {
            *to = *s++;
            continue;
        }
        int high = hex(s[1]), low = high < 0 ? -1 : hex(s[2]);
        if (low < 0)
            return false;
        *to = (char)(high * 16 + low);
        s += 3;
    }
    *out = span_of(text, (size_t)(to - text));
    return true;
}

static int protocol_of(const char *word)
{
    static const char *const name[] = {[CFG_HTTP] = "http", [CFG_TCP] = "tcp", [CFG_TLS] = "tls"};
    for (int i = 0; i < (int)(sizeof name / sizeof name[0]); i++)
        if (strcmp(word, name[i]) == 0)
            return i;
    return -1;
}

/* NULL: there is none. */
static const struct cfg_listener *find_listener(const struct config *c, const char *name, int protocol,
                                                unsigned long port)
{
    for (uint32_t i = 0; i < c->nlistener; i++) {
        const struct cfg_listener *l = &c->listener[i];
        bool named = strcmp(name, "-") != 0;
        if ((int)l->protocol == protocol && (named ? strcmp(l->name, name) == 0 : l->at.port == port))
            return l;
    }
    return NULL;
}

static json_t *no_listener(const struct config *c, const char *protocol, const char *port)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return NULL;
    fprintf(f, "no %s listener of that name or on port %s; there are:", protocol, port);
    for (uint32_t i = 0; i < c->nlistener && i < 20; i++)
        fprintf(f, " %s (%s, %u)", c->listener[i].name,
                c->listener[i].protocol == CFG_HTTP  ? "http"
                : c->listener[i].protocol == CFG_TCP ? "tcp"
                                                     : "tls",
                c->listener[i].at.port);
    json_t *answer = fclose(f) == 0 ? answer_error(text) : NULL;
    free(text);
    return answer;
}

/* "h2,http/1.1", each behind its length; what does not fit is left out. */
static struct span offered(const char *names, uint8_t out[256])
{
    size_t at = 0;
    for (size_t n; n = strcspn(names, ","), n && at + 1 + n <= 256; names += names[n] ? n + 1 : n) {
        out[at] = (uint8_t)n;
        memcpy(out + at + 1, names, n);
        at += 1 + n;
    }
    return span_of(out, at);
}

static bool refuse(json_t **wrong, json_t *answer)
{
    *wrong = answer;
    return false;
}

/* Are the words a question? Else what is wrong with them is in `wrong`. alpn NULL: none is offered. */
static bool read_question(struct question *q, char *const word[], const char *alpn, json_t **wrong)
{
    struct span subject;
    int protocol = protocol_of(word[2]);
    q->listener =
        protocol < 0 ? NULL : find_listener(q->config, word[1], protocol, strtoul(word[3], NULL, 10));
    if (!q->listener)
        return refuse(wrong, no_listener(q->config, word[2], word[3]));
    const char *source = strcmp(word[4], "-") == 0 ? "0.0.0.0" : word[4];
    if (!ip_parse(source, strlen(source), &q->ask.source))
        return refuse(wrong, answer_error("the source is no address"));
    if (!decode(word[5], &subject))
        return refuse(wrong, answer_error("the subject is not percent-coded"));
    q->ask.config = q->config;
    q->ask.listener = (uint32_t)(q->listener - q->config->listener);
    if (protocol == CFG_TLS && strcmp(word[5], "-") != 0)
        q->ask.name = subject;
    if (protocol == CFG_TLS && alpn)
        q->ask.alpn = offered(alpn, q->alpn);
    if (protocol != CFG_HTTP)
        return true;
    int n = http_parse_request(subject, q->listener->head_limit, &q->head);
    if (n == HTTP_PARTIAL)
        return refuse(wrong, answer_error("the subject is no whole head of a request"));
    q->refused = n < 0 ? (unsigned)-n : 0;
    q->ask.head = &q->head;
    return true;
}

/* ---- why ---- */

static const struct cfg_rule *rule_of(const struct cfg_route *r, uint32_t nth, uint32_t *rule,
                                      const struct cfg_match **m)
{
    for (*rule = 0; nth >= r->rule[*rule].nmatch; ++*rule)
        nth -= r->rule[*rule].nmatch;
    *m = &r->rule[*rule].match[nth];
    return &r->rule[*rule];
}

static const struct cfg_match *match_of(const struct config *c, const struct lb_considered *seen)
{
    uint32_t rule;
    const struct cfg_match *m;
    (void)rule_of(&c->route[seen->to.route], seen->nth, &rule, &m);
    return m;
}

/* The step of the precedence at which `a` comes before `b`. */
static const char *ahead_by(const struct config *c, const struct lb_considered *a,
                            const struct lb_considered *b)
{
    const struct cfg_match *x = match_of(c, a), *y = match_of(c, b);
    if (a->host != b->host || a->labels != b->labels)
        return "a more specific host";
    if (x->kind != y->kind)
        return x->kind == CFG_PATH_EXACT ? "an exact path" : "a regular expression before a prefix";
    if (strlen(x->path) != strlen(y->path))
        return x->kind == CFG_PATH_REGEX ? "a longer expression" : "a longer path";
    if (!x->method != !y->method)
        return "a method";
    if (!x->nalpn != !y->nalpn)
        return "alpn";
    if (x->nheader != y->nheader)
        return "more headers";
    if (x->nquery != y->nquery)
        return "more query parameters";
    return "its place in the file";
}

/* The first match that holds; -1: none. */
static int winner(const struct explain *e)
{
    for (unsigned i = 0; i < e->nmatch && i < EXPLAIN_MATCHES; i++)
        if (e->match[i].verdict == LB_HOLDS)
            return (int)i;
    return -1;
}

static json_t *verdict(const struct question *q, const struct lb_considered *seen, int won, int i)
{
    const struct cfg_match *m = match_of(q->config, seen);
    switch (seen->verdict) {
    case LB_OTHER_METHOD:
        return json_sprintf("no: its method is %s", m->method);
    case LB_OTHER_ALPN:
        return json_string("no: none of its protocols is offered (alpn)");
    case LB_OTHER_SOURCE:
        return json_string("no: the source is in none of its networks");
    case LB_OTHER_HEADER:
        return json_sprintf("no: header %s is not as it asks", m->header[seen->which].name);
    case LB_OTHER_QUERY:
        return json_sprintf("no: query parameter %s is not as it asks", m->query[seen->which].name);
    default:
        return i == won
                   ? json_string("taken")
                   : json_sprintf("no: the one taken has %s", ahead_by(q->config, &q->ask.match[won], seen));
    }
}

/* "host *.example.com, path /api (prefix), method GET, 2 headers" */
static json_t *asks_for(const struct config *c, const struct lb_considered *seen)
{
    static const char *const host[] = {
        [LB_HOST_EXACT] = "exact host", [LB_HOST_WILDCARD] = "wildcard host", [LB_HOST_ANY] = "any host"};
    static const char *const path[] = {
        [CFG_PATH_PREFIX] = "prefix", [CFG_PATH_EXACT] = "exact", [CFG_PATH_REGEX] = "regex"};
    const struct cfg_match *m = match_of(c, seen);
    char more[400] = "";
    int n = 0;
    if (m->nheader)
        n += snprintf(more + n, sizeof more - (size_t)n, ", headers: %u", m->nheader);
    if (m->nquery)
        n += snprintf(more + n, sizeof more - (size_t)n, ", query: %u", m->nquery);
    if (m->nalpn)
        n += snprintf(more + n, sizeof more - (size_t)n, ", alpn: %s%s", m->alpn[0],
                      m->nalpn > 1 ? " ..." : "");
    if (m->nsource)
        snprintf(more + n, sizeof more - (size_t)n, ", sources: %u", m->nsource);
    return json_sprintf("%s, path %s %s%s%s%s", host[seen->host], path[m->kind], m->path,
                        m->method ? ", method " : "", m->method ? m->method : "", more);
}

static json_t *one_match(const struct question *q, int won, int i)
{
    const struct lb_considered *seen = &q->ask.match[i];
    const struct cfg_route *r = &q->config->route[seen->to.route];
    uint32_t rule;
    const struct cfg_match *m;
    const struct cfg_rule *of = rule_of(r, seen->nth, &rule, &m);
    return json_pack("{s:s, s:i, s:i, s:o, s:o}", "route", r->name, "rule", (int)rule, "match",
                     (int)(m - of->match), "asks_for", asks_for(q->config, seen), "verdict",
                     verdict(q, seen, won, i));
}

static json_t *considered(const struct question *q)
{
    json_t *list = json_array();
    int won = winner(&q->ask);
    for (unsigned i = 0; i < q->ask.nmatch && i < EXPLAIN_MATCHES; i++)
        json_array_append_new(list, one_match(q, won, (int)i));
    return list;
}

/* ---- what follows ---- */

static json_t *lines_of(char *text)
{
    json_t *list = json_array();
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        json_array_append_new(list, json_string(line));
    }
    return list;
}

/* What the listener, or the rule, says in the configuration in effect: whatever it does to the request, edits
 * and limits among it, is named there. */
static json_t *settings(const struct question *q, bool of_rule)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return NULL;
    if (of_rule && q->ask.rule)
        config_print_rule(q->config, q->ask.rule, f);
    else if (!of_rule)
        config_print_listener(q->config, q->listener, f);
    json_t *list = fclose(f) == 0 ? lines_of(text) : NULL;
    free(text);
    return list;
}

static const char *action_of(const struct question *q)
{
    static const char *const name[] = {[CFG_TO_CLUSTER] = "cluster",
                                       [CFG_REDIRECT] = "redirect",
                                       [CFG_REPLY] = "reply",
                                       [CFG_DENY] = "deny"};
    if (q->refused || q->ask.status)
        return "refuse";
    if (q->listener->protocol == CFG_TCP)
        return "cluster";
    if (!q->ask.rule)
        return "none";
    return q->listener->protocol == CFG_TLS && q->ask.rule->action != CFG_TO_CLUSTER
               ? "deny"
               : name[q->ask.rule->action];
}

/* What the client gets where no endpoint is asked; 0: that depends on an endpoint. */
static unsigned status_of(const struct question *q)
{
    const struct cfg_rule *rule = q->ask.rule;
    if (q->refused || q->ask.status)
        return q->refused ? q->refused : q->ask.status;
    if (q->ask.cluster != LB_NONE)
        return q->ask.endpoint == LB_NONE ? 503 : 0;
    if (!rule)
        return 404;
    return rule->action == CFG_REDIRECT ? rule->redirect.status
           : rule->action == CFG_REPLY  ? rule->reply.status
                                        : 403;
}

static json_t *one_endpoint(const struct cfg_endpoint *e, const struct explain_endpoint *at, bool picked)
{
    const char *state = at->down ? "down" : at->usable ? "up" : e->weight ? "closed" : "weight 0";
    return json_pack("{s:o, s:s, s:f, s:i, s:i, s:i, s:b}", "address",
                     answer_address(&e->at.addr, e->at.port), "state", state, "down_for_s",
                     (double)at->down_ns / NS_PER_S, "weight", (int)e->weight, "priority", (int)e->priority,
                     "exchanges", (int)at->active, "picked", picked);
}

/* One worker's view of the cluster. */
static json_t *one_worker(const struct question *q, unsigned worker)
{
    const struct cfg_cluster *k = &q->config->cluster[q->ask.cluster];
    const struct ip_port *at =
        q->ask.endpoint == LB_NONE ? &(struct ip_port){.port = 0} : &k->endpoint[q->ask.endpoint].at;
    json_t *list = json_array();
    for (uint32_t i = 0; i < k->nendpoint && i < EXPLAIN_ENDPOINTS; i++)
        json_array_append_new(list, one_endpoint(&k->endpoint[i], &q->ask.at[i], i == q->ask.endpoint));
    return json_pack("{s:i, s:s, s:o, s:o}", "worker", (int)worker, "cluster", k->name, "endpoint",
                     answer_address(&at->addr, at->port), "endpoints", list);
}

/* ---- asking the workers ---- */

static void ask_engine(struct engine *e, void *arg, uint64_t now_ns)
{
    engine_explain(e, arg, now_ns);
}

/* Asks each worker; the last one's routing stands in *q (it is the same on all). NULL: one has no such
 * configuration any more, or memory is short. */
static json_t *ask_workers(struct workers *ws, struct question *q)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < workers_count(ws); i++) {
        q->ask.nmatch = 0;
        if (workers_call(ws, i, ask_engine, &q->ask, true) != 0 || q->ask.stale) {
            json_decref(list);
            return NULL;
        }
        if (q->ask.cluster != LB_NONE)
            json_array_append_new(list, one_worker(q, i));
    }
    return list;
}

static json_t *route_name(const struct question *q)
{
    return q->ask.route == LB_NONE ? json_null() : json_string(q->config->route[q->ask.route].name);
}

static json_t *answer(struct workers *ws, struct question *q)
{
    json_t *workers = q->refused ? json_array() : ask_workers(ws, q);
    if (!workers)
        return answer_error("a reload is under way: ask again");
    unsigned status = status_of(q);
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:i}", "listener", q->listener->name, "listener_settings",
        settings(q, false), "considered", considered(q), "route", route_name(q), "action", action_of(q),
        "status", status ? json_integer(status) : json_null(), "rule", settings(q, true), "workers", workers,
        "not_shown", (int)(q->ask.nmatch > EXPLAIN_MATCHES ? q->ask.nmatch - EXPLAIN_MATCHES : 0));
}

json_t *explain_answer(struct workers *ws, unsigned nword, char *const word[])
{
    if (nword != 6 && nword != 7)
        return answer_error("explain: wanted LISTENER PROTOCOL PORT SOURCE SUBJECT [ALPN]");
    struct question *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->config = workers_config(ws, NULL);
    q->ask.route = q->ask.cluster = q->ask.endpoint = LB_NONE;
    json_t *j;
    if (read_question(q, word, nword == 7 ? word[6] : NULL, &j))
        j = answer(ws, q);
    free(q);
    return j;
}

/* Open connections, asked for page by page: lacon's workers hold many more than one answer may take. */
#include <stdio.h>

#include "agent/laconctl/answer.h"
#include "agent/laconctl/ask.h"
#include "agent/laconctl/command.h"
#include "agent/laconctl/fail.h"

/* Page by page, until the limit or the end. */
static json_t *get(const struct command *c, int fd, const struct options *opt)
{
    json_t *all = need(json_array());
    long long worker = 0, slot = 0;
    (void)c;
    for (;;) {
        char request[128];
        snprintf(request, sizeof request, "connections %s %lld %lld\n", opt->side, worker, slot);
        json_t *page = ask(fd, request), *next = json_object_get(page, "next");
        json_array_extend(all, json_object_get(page, "connections"));
        bool more = json_is_array(next);
        worker = json_integer_value(json_array_get(next, 0));
        slot = json_integer_value(json_array_get(next, 1));
        json_decref(page);
        if (json_array_size(all) > opt->limit) {
            fprintf(stderr, "laconctl: there are more than %lu connections (--limit N)\n", opt->limit);
            while (json_array_size(all) > opt->limit)
                json_array_remove(all, json_array_size(all) - 1);
            break;
        }
        if (!more)
            break;
    }
    return need(json_pack("{s:o}", "connections", all));
}

static const struct column columns[] = {
    {"SIDE", text_cell, "side"},         {"STATE", text_cell, "state"},   {"REMOTE", text_cell, "remote"},
    {"LOCAL", text_cell, "local"},       {"PEER", text_cell, "peer"},     {"CLUSTER", text_cell, "cluster"},
    {"ENDPOINT", text_cell, "endpoint"}, {">IN", int_cell, "bytes_in"},   {">OUT", int_cell, "bytes_out"},
    {">AGE", duration_cell, "age_s"},    {">WORKER", int_cell, "worker"}, {0},
};

static void print(const json_t *a)
{
    print_list(json_object_get(a, "connections"), columns);
}

const struct command command_connections = {
    .name = "connections",
    .help = "  connections [--client | --endpoint]     open connections, of one side\n"
            "              [--limit N]                 at most N of them (default 1000)\n",
    .get = get,
    .print = print,
    .takes = TAKES_PAGES,
};

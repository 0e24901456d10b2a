/* What was counted. */
#include "agent/laconctl/answer.h"
#include "agent/laconctl/ask.h"
#include "agent/laconctl/command.h"

static json_t *get(const struct command *c, int fd, const struct options *opt)
{
    json_t *a = ask(fd, "counters\n"), *list = json_object_get(a, "counters");
    (void)c;
    for (size_t i = 0; !opt->all && i < json_array_size(list);)
        if (int_of(json_array_get(list, i), "value") == 0)
            json_array_remove(list, i);
        else
            i++;
    return a;
}

static const struct column columns[] = {
    {"COUNTER", text_cell, "name"},
    {">VALUE", int_cell, "value"},
    {"MEANING", text_cell, "text"},
    {0},
};

static void print(const json_t *a)
{
    print_list(json_object_get(a, "counters"), columns);
}

const struct command command_counters = {
    .name = "counters",
    .help = "  counters [--all]                        what was counted; --all: also what is zero\n",
    .get = get,
    .print = print,
    .takes = TAKES_ALL,
};

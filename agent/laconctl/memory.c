/* Memory: the bound that lacon set itself at start, part by part, beside what the process has. */
#include "agent/laconctl/answer.h"
#include "agent/laconctl/command.h"

static void row(struct table *t, const char *name, long long bytes)
{
    cell(t, "%s", name);
    cell(t, "%.1f", (double)bytes / (1 << 20));
}

static void print(const json_t *a)
{
    struct table t = {.ncolumn = 2};
    size_t i;
    json_t *o;
    cell(&t, "PART");
    cell(&t, ">MIB");
    json_array_foreach(json_object_get(a, "parts"), i, o) row(&t, text_of(o, "part"), int_of(o, "bytes"));
    row(&t, "at most, in all", int_of(a, "bytes_max"));
    row(&t, "resident now", int_of(a, "resident"));
    print_table(&t);
}

const struct command command_memory = {
    .name = "memory",
    .help =
        "  memory                                  what each part takes at most, and what the process has\n",
    .print = print,
};

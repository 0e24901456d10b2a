/* Who could fill the accelerator hooks, who does, and what the flow engines did: saved cycles are what the
 * workers would have spent on the frames that an engine took, at what those cost that it left. */
#include <stdio.h>

#include "agent/laconctl/answer.h"
#include "agent/laconctl/command.h"

static void can_cell(struct table *t, const json_t *o, const char *key)
{
    char text[80] = "";
    size_t i, n = 0;
    json_t *hook;
    json_array_foreach(json_object_get(o, key), i, hook)
    {
        if (n < sizeof text)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : "", json_string_value(hook));
    }
    cell(t, "%s", text);
}

static const struct column providers[] = {
    {"PROVIDER", text_cell, "provider"},
    {"CAN", can_cell, "can"},
    {"ABOUT", text_cell, "about"},
    {0},
};

static const struct column hooks[] = {
    {"HOOK", text_cell, "hook"},
    {"PROVIDER", text_cell, "provider"},
    {"WHY", text_cell, "why"},
    {0},
};

/* Of a list's interface to each of its hooks. */
static const struct column interface_hooks[] = {
    {"INTERFACE", text_cell, "interface"}, {"DRIVER", text_cell, "driver"}, {"HOOK", text_cell, "hook"},
    {"PROVIDER", text_cell, "provider"},   {"WHY", text_cell, "why"},       {0},
};

static json_t *flat(const json_t *interfaces)
{
    json_t *rows = json_array(), *port, *hook;
    size_t i, k;
    json_array_foreach(interfaces, i, port)
    {
        json_array_foreach(json_object_get(port, "hooks"), k, hook)
        {
            json_t *row = json_copy(hook);
            json_object_set(row, "interface", json_object_get(port, "interface"));
            json_object_set(row, "driver", json_object_get(port, "driver"));
            json_array_append_new(rows, row);
        }
    }
    return rows;
}

static void rules_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%lld of %lld", int_of(o, key), int_of(o, "entries"));
}

static void insert_us_cell(struct table *t, const json_t *o, const char *key)
{
    double inserted = real_of(o, "inserted");
    cell(t, "%.1f", inserted > 0 ? real_of(o, key) / inserted / 1000 : 0.0);
}

static void insert_rate_cell(struct table *t, const json_t *o, const char *key)
{
    double lived = real_of(o, "lived_ns") / 1e9;
    cell(t, "%.1f", lived > 0 ? real_of(o, key) / lived : 0.0);
}

static void refused_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%lld", int_of(o, "full") + int_of(o, key));
}

static void hit_share_cell(struct table *t, const json_t *o, const char *key)
{
    double all = real_of(o, key) + real_of(o, "misses");
    cell(t, "%.1f", all > 0 ? 100 * real_of(o, key) / all : 0.0);
}

static void saved_cell(struct table *t, const json_t *o, const char *key)
{
    double misses = real_of(o, "misses");
    double each = misses > 0 ? real_of(o, key) / misses : 0;
    cell(t, "%.0f", real_of(o, "hits") * each / 1e6);
}

static void mcycles_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%.0f", real_of(o, key) / 1e6);
}

static const struct column engines[] = {
    {"WORKER", int_cell, "worker"},
    {"PROVIDER", text_cell, "provider"},
    {"RULES", rules_cell, "rules"},
    {">INSERTED", int_cell, "inserted"},
    {">A SECOND", insert_rate_cell, "inserted"},
    {">US EACH", insert_us_cell, "insert_ns"},
    {">REFUSED", refused_cell, "refused"},
    {">LOST", int_cell, "lost"},
    {">HIT%", hit_share_cell, "hits"},
    {">SAVED MCYCLES", saved_cell, "worker_cycles"},
    {">EMULATION MCYCLES", mcycles_cell, "emulation_cycles"},
    {0},
};

static void print(const json_t *a)
{
    const json_t *list = json_object_get(a, "engines");
    json_t *rows = flat(json_object_get(a, "interfaces"));
    print_list(json_object_get(a, "providers"), providers);
    putchar('\n');
    print_list(json_object_get(a, "hooks"), hooks);
    putchar('\n');
    print_list(rows, interface_hooks);
    json_decref(rows);
    if (json_array_size(list) == 0)
        return;
    putchar('\n');
    print_list(list, engines);
    printf("\n%s\n", text_of(json_array_get(list, 0), "about"));
}

const struct command command_accel = {
    .name = "accel",
    .help = "  accel                                   who fills the accelerator hooks, why; flow engines\n",
    .print = print,
};

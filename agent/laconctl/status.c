/* What runs: the process, its interfaces, its workers. */
#include <stdio.h>

#include "agent/laconctl/answer.h"
#include "agent/laconctl/command.h"

static void link_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%s", json_is_true(json_object_get(o, key)) ? "up" : "down");
}

static void core_cell(struct table *t, const json_t *o, const char *key)
{
    if (int_of(o, key) < 0)
        cell(t, "any");
    else
        int_cell(t, o, key);
}

static void share_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%.1f%%", 100 * real_of(o, key));
}

static const struct column interfaces[] = {
    {"INTERFACE", text_cell, "name"}, {"TARGET", text_cell, "target"}, {"DRIVER", text_cell, "driver"},
    {"LINK", link_cell, "up"},        {"MAC", text_cell, "mac"},       {">MTU", int_cell, "mtu"},
    {">QUEUES", int_cell, "queues"},  {"WHY", text_cell, "why"},       {0},
};

static const struct column workers[] = {
    {"WORKER", int_cell, "worker"},        {">CORE", core_cell, "core"},
    {">QUEUES", int_cell, "queues"},       {">BUSY", share_cell, "busy"},
    {">CLIENTS", int_cell, "clients"},     {">ENDPOINTS", int_cell, "endpoints"},
    {">IDLE", int_cell, "endpoints_idle"}, {">EXCHANGES", int_cell, "exchanges"},
    {">REQUESTS", int_cell, "requests"},   {">KEPT", int_cell, "kept_bytes"},
    {">OF", int_cell, "kept_bytes_max"},   {0},
};

static void print(const json_t *a)
{
    const json_t *log = json_object_get(a, "access_log");
    printf("lacon %s, pid %lld, up %s\n", text_of(a, "version"), int_of(a, "pid"),
           duration(real_of(a, "uptime_s")).text);
    printf("configuration: %s\n", text_of(a, "config"));
    if (json_is_object(log))
        printf("access log: %s, %lld lines written, %lld lost\n", text_of(log, "path"), int_of(log, "lines"),
               int_of(log, "lost"));
    else
        printf("access log: off\n");
    putchar('\n');
    print_list(json_object_get(a, "interfaces"), interfaces);
    putchar('\n');
    print_list(json_object_get(a, "workers"), workers);
}

const struct command command_status = {
    .name = "status",
    .help = "  status                                  version, workers, interfaces\n",
    .print = print,
};

/* Link-layer addresses that lacon knows. */
#include "agent/laconctl/answer.h"
#include "agent/laconctl/command.h"

static const struct column columns[] = {
    {"ADDRESS", text_cell, "address"}, {"MAC", text_cell, "mac"},       {"INTERFACE", text_cell, "interface"},
    {"STATE", text_cell, "state"},     {">WORKER", int_cell, "worker"}, {0},
};

static void print(const json_t *a)
{
    print_list(json_object_get(a, "neighbours"), columns);
}

const struct command command_neighbours = {
    .name = "neighbours",
    .help = "  neighbours                              link-layer addresses (ARP, neighbour discovery)\n",
    .print = print,
};

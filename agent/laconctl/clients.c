/* The greediest client addresses of each worker. */
#include "agent/laconctl/answer.h"
#include "agent/laconctl/command.h"

static const struct column columns[] = {
    {"ADDRESS", text_cell, "address"},
    {">CONNECTIONS", int_cell, "connections"},
    {">KEPT", int_cell, "kept_bytes"},
    {">WORKER", int_cell, "worker"},
    {0},
};

static void print(const json_t *a)
{
    print_list(json_object_get(a, "clients"), columns);
}

const struct command command_clients = {
    .name = "clients",
    .help =
        "  clients                                 the addresses with the most connections, of each worker\n",
    .print = print,
};

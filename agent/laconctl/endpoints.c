/* The endpoints of each cluster: their states, why, and what they carry. */
#include "agent/laconctl/answer.h"
#include "agent/laconctl/command.h"

static const struct column columns[] = {
    {"CLUSTER", text_cell, "cluster"},   {"ENDPOINT", text_cell, "endpoint"},
    {"STATE", text_cell, "state"},       {">SINCE", duration_cell, "since_s"},
    {">ACTIVE", int_cell, "active"},     {">REQUESTS", int_cell, "requests"},
    {">FAILURES", int_cell, "failures"}, {">WEIGHT", int_cell, "weight"},
    {"REASON", text_cell, "reason"},     {0},
};

static void print(const json_t *a)
{
    print_list(json_object_get(a, "endpoints"), columns);
}

const struct command command_endpoints = {
    .name = "endpoints",
    .help = "  endpoints                               the endpoints of each cluster: state, reason, use\n",
    .print = print,
};

/* Orders: what changes a running lacon. drain, enable and weight are about endpoints, and name them as
 * lacon's own lists do. */
#include <stdio.h>

#include "agent/laconctl/answer.h"
#include "agent/laconctl/ask.h"
#include "agent/laconctl/command.h"
#include "agent/laconctl/fail.h"

/* The verb, and the operands as they stand. */
static json_t *about_endpoints(const struct command *c, int fd, const struct options *opt)
{
    char request[256];
    const char *more = opt->operand[1];
    int n = snprintf(request, sizeof request, "%s %s%s%s\n", c->name, word_of(c->name, opt->operand[0]),
                     more ? " " : "", more ? word_of(c->name, more) : "");
    if (n < 0 || (size_t)n >= sizeof request)
        die(EXIT_USAGE, "'%s' is too long", opt->operand[0]);
    return ask(fd, request);
}

static void print_drained(const json_t *a)
{
    printf("%lld drained\n", int_of(a, "endpoints"));
}

static void print_enabled(const json_t *a)
{
    printf("%lld enabled\n", int_of(a, "endpoints"));
}

static void print_weighed(const json_t *a)
{
    printf("%lld weighed\n", int_of(a, "endpoints"));
}

static void print_reloaded(const json_t *a)
{
    (void)a;
    puts("reloaded");
}

const struct command command_drain = {
    .name = "drain",
    .help = "  drain [CLUSTER/]ENDPOINT                it takes no new requests; those in flight end\n",
    .get = about_endpoints,
    .print = print_drained,
    .operands = 1,
};

const struct command command_enable = {
    .name = "enable",
    .help = "  enable [CLUSTER/]ENDPOINT               it takes requests again\n",
    .get = about_endpoints,
    .print = print_enabled,
    .operands = 1,
};

const struct command command_weight = {
    .name = "weight",
    .help =
        "  weight [CLUSTER/]ENDPOINT N             its share of the requests from now on; file: as the file "
        "says\n",
    .get = about_endpoints,
    .print = print_weighed,
    .operands = 2,
};

const struct command command_reload = {
    .name = "reload",
    .help = "  reload                                  read the configuration file again\n",
    .print = print_reloaded,
};

/* The commands of laconctl, a file for each answer. A command says how it is used, what it asks lacon, and
 * how the answer reads; main.c does what they have in common. A new one: a file, a line here, one in main.c.
 */
#ifndef LACONCTL_COMMAND_H
#define LACONCTL_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

/* Options that not every command takes. */
enum {
    TAKES_ALL = 1,
    TAKES_PAGES = 2,   /* --client, --endpoint, --limit */
    TAKES_SUBJECT = 4, /* --listener, --source, --alpn */
};

#define OPERANDS_ANY (-1)

/* The command line. Its strings are argv's. */
struct options {
    const char *socket;
    const char *side;
    unsigned long limit;
    bool json, all;
    const char *listener, *source; /* "-": not given */
    const char *alpn;              /* NULL: not given */
    char **operand;                /* after the command, up to NULL */
    unsigned given;                /* of the options above that not every command takes */
};

struct command {
    const char *name;
    const char *help; /* its lines of the usage text */
    /* The answer, the caller's to release. NULL: the name alone is the request. */
    json_t *(*get)(const struct command *c, int fd, const struct options *opt);
    void (*print)(const json_t *answer);
    int operands;   /* so many, or OPERANDS_ANY: get() judges them */
    unsigned takes; /* which options that not every command takes */
};

extern const struct command command_status, command_connections, command_counters, command_clients,
    command_accel, command_memory, command_neighbours, command_endpoints, command_drain, command_enable,
    command_weight, command_reload, command_explain;

#endif

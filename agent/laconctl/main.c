/* laconctl: the operator's client. Sends requests to a running lacon's admin socket (agent/control/admin.h,
 * answers/) and prints the answers as aligned text, or as JSON for programs. One thread; memory lives to the
 * end of the process. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/laconctl/ask.h"
#include "agent/laconctl/command.h"
#include "agent/laconctl/fail.h"

#define DEFAULT_SOCKET "/run/lacon/admin.sock"
#define DEFAULT_LIMIT  1000

/* In the order of the usage text. */
static const struct command *const commands[] = {
    &command_status, &command_connections, &command_counters,  &command_clients, &command_accel,
    &command_memory, &command_neighbours,  &command_endpoints, &command_drain,   &command_enable,
    &command_weight, &command_reload,      &command_explain,
};
#define NCOMMANDS (sizeof commands / sizeof commands[0])

static void print_usage(FILE *out)
{
    fputs("usage: laconctl [-s SOCKET] [--json] COMMAND\n\n", out);
    for (size_t i = 0; i < NCOMMANDS; i++)
        fputs(commands[i]->help, out);
    fputs("  help                                    this text\n"
          "\n"
          "  -s, --socket SOCKET                     the admin socket (default " DEFAULT_SOCKET ")\n"
          "  -j, --json                              print JSON\n"
          "  -V, --version                           print the version\n"
          "\n"
          "Exit status: 0 fine, 1 lacon is not running or refused, 2 wrong usage.\n",
          out);
}

static unsigned long parse_limit(const char *s)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(s, &end, 10);
    if (*s < '0' || *s > '9' || *end || errno)
        die(EXIT_USAGE, "--limit takes a number, not '%s'", s);
    return n;
}

enum {
    OPT_CLIENT = 256,
    OPT_ENDPOINT,
    OPT_LIMIT,
    OPT_ALL,
    OPT_LISTENER,
    OPT_SOURCE,
    OPT_ALPN,
};

/* One option that only some commands take. */
static unsigned parse_special(int c, struct options *opt)
{
    switch (c) {
    case OPT_CLIENT:
    case OPT_ENDPOINT:
        opt->side = c == OPT_CLIENT ? "client" : "endpoint";
        return TAKES_PAGES;
    case OPT_LIMIT:
        opt->limit = parse_limit(optarg);
        return TAKES_PAGES;
    case OPT_ALL:
        opt->all = true;
        return TAKES_ALL;
    case OPT_LISTENER:
        opt->listener = word_of("--listener", optarg);
        return TAKES_SUBJECT;
    case OPT_SOURCE:
        opt->source = word_of("--source", optarg);
        return TAKES_SUBJECT;
    case OPT_ALPN:
        opt->alpn = word_of("--alpn", optarg);
        return TAKES_SUBJECT;
    default:
        fputs("laconctl help says what there is\n", stderr);
        exit(EXIT_USAGE);
    }
}

/* Options may stand before and after the command. */
static void parse_options(int argc, char *argv[], struct options *opt)
{
    static const struct option longs[] = {
        {"socket", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {"client", no_argument, NULL, OPT_CLIENT},
        {"endpoint", no_argument, NULL, OPT_ENDPOINT},
        {"limit", required_argument, NULL, OPT_LIMIT},
        {"all", no_argument, NULL, OPT_ALL},
        {"listener", required_argument, NULL, OPT_LISTENER},
        {"source", required_argument, NULL, OPT_SOURCE},
        {"alpn", required_argument, NULL, OPT_ALPN},
        {0},
    };
    for (int i = 1; i < argc; i++)
        if (argv[i][0] == '-' && argv[i][1] >= '0' && argv[i][1] <= '9')
            die(EXIT_USAGE, "'%s': no number is negative here (laconctl help)", argv[i]);
    for (int c; (c = getopt_long(argc, argv, "s:jVh", longs, NULL)) != -1;)
        switch (c) {
        case 's':
            opt->socket = optarg;
            break;
        case 'j':
            opt->json = true;
            break;
        case 'V':
            puts("laconctl " LACON_VERSION);
            exit(EXIT_OK);
        case 'h':
            print_usage(stdout);
            exit(EXIT_OK);
        default:
            opt->given |= parse_special(c, opt);
        }
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < NCOMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    die(EXIT_USAGE, "no command '%s' (laconctl help)", name);
}

static void check_usage(const struct command *command, int n, const struct options *opt)
{
    if (command->operands != OPERANDS_ANY && n > command->operands)
        die(EXIT_USAGE, "'%s' is too much (laconctl help)", opt->operand[command->operands]);
    if (n < command->operands)
        die(EXIT_USAGE, "'%s' needs more words (laconctl help)", command->name);
    if (opt->given & ~command->takes)
        die(EXIT_USAGE, "'%s' does not take that option (laconctl help)", command->name);
}

static json_t *answer_to(const struct command *command, int fd, const struct options *opt)
{
    char request[32];
    if (command->get)
        return command->get(command, fd, opt);
    snprintf(request, sizeof request, "%s\n", command->name);
    return ask(fd, request);
}

int main(int argc, char *argv[])
{
    struct options opt = {
        .socket = DEFAULT_SOCKET, .side = "all", .limit = DEFAULT_LIMIT, .listener = "-", .source = "-"};
    parse_options(argc, argv, &opt);
    if (optind == argc) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[optind], "help") == 0) {
        print_usage(stdout);
        return EXIT_OK;
    }
    const struct command *command = find_command(argv[optind]);
    opt.operand = argv + optind + 1;
    check_usage(command, argc - optind - 1, &opt);

    int fd = dial(opt.socket);
    json_t *answer = answer_to(command, fd, &opt);
    close(fd);
    if (opt.json)
        json_dumpf(answer, stdout, JSON_INDENT(2));
    else
        command->print(answer);
    if (opt.json)
        putchar('\n');
    json_decref(answer);
    if (fflush(stdout) != 0)
        die(EXIT_FAIL, "standard output: %s", strerror(errno));
    return EXIT_OK;
}

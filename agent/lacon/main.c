/* lacon: the command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/lacon/process.h"
#include "config/config.h"

#define EXIT_OK    0
#define EXIT_FAIL  1 /* configuration or run time */
#define EXIT_USAGE 2

#define DEFAULT_FILE LACON_SYSCONFDIR "/lacon/lacon.yaml"

static const char usage_text[] =
    "usage: lacon [-c FILE] [-t | -T]\n"
    "       lacon -v | -V | -h\n"
    "\n"
    "  -c FILE  the configuration file (default " DEFAULT_FILE ")\n"
    "  -t       test the configuration and exit\n"
    "  -T       test the configuration, print it with all defaults, and exit\n"
    "  -v       print the version and exit\n"
    "  -V       print the version and how it was built, and exit\n"
    "  -h       print this help and exit\n"
    "\n"
    "Runs in the foreground; log lines go to standard error. Signals: TERM and INT stop at once,\n"
    "QUIT drains and stops, HUP reads the configuration again, USR1 opens the log files again.\n"
    "Exit status: 0 fine, 1 a fault in the configuration or at run time, 2 wrong usage.\n";

enum mode {
    MODE_RUN,
    MODE_TEST,
    MODE_PRINT,
};

static void print_version(bool details)
{
    printf("lacon %s\n", LACON_VERSION);
    if (details)
        printf("built with: %s, DPDK %s\n"
               "flags: %s\n"
               "XDP program: %s\n",
               LACON_COMPILER, LACON_DPDK_VERSION, LACON_BUILD_FLAGS, LACON_XDP_PROGRAM);
}

static int usage(void)
{
    fputs(usage_text, stderr);
    return EXIT_USAGE;
}

static int with_file(const char *file, enum mode mode)
{
    struct cfg_errors errs;
    struct config *c = config_load(file, &errs);
    int rc = EXIT_OK;

    if (!c) {
        cfg_errors_print(&errs, stderr);
        rc = EXIT_FAIL;
    } else if (mode == MODE_TEST) {
        printf("%s: the configuration is good\n", file);
    } else if (mode == MODE_PRINT) {
        config_print(c, stdout);
    } else {
        rc = process_run(c) ? EXIT_OK : EXIT_FAIL;
        c = NULL;
    }
    cfg_errors_free(&errs);
    config_free(c);
    return fflush(stdout) == 0 ? rc : EXIT_FAIL;
}

int main(int argc, char **argv)
{
    const char *file = DEFAULT_FILE;
    enum mode mode = MODE_RUN;
    int opt;

    while ((opt = getopt(argc, argv, "c:tTvVh")) != -1) {
        switch (opt) {
        case 'c':
            file = optarg;
            break;
        case 't':
            mode = MODE_TEST;
            break;
        case 'T':
            mode = MODE_PRINT;
            break;
        case 'v':
        case 'V':
            print_version(opt == 'V');
            return EXIT_OK;
        case 'h':
            fputs(usage_text, stdout);
            return EXIT_OK;
        default:
            return usage();
        }
    }
    if (optind < argc) {
        fprintf(stderr, "lacon: unexpected argument \"%s\"\n", argv[optind]);
        return usage();
    }
    return with_file(file, mode);
}

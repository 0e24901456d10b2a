/* config_rig: what the tests of the configuration share: a file that is as short as can be, and rows of files
 * with what is complained about. */
#ifndef LACON_TESTS_CONFIG_RIG_H
#define LACON_TESTS_CONFIG_RIG_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

#define INTERFACES "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24]}]\n"
#define LISTENERS  "listeners: [{name: l, address: \"10.0.0.2:80\"}]\n"
#define ROUTES     "routes: [{name: r, rules: [{cluster: c}]}]\n"
#define CLUSTERS   "clusters: [{name: c, endpoints: [{address: \"10.0.0.9:80\"}]}]\n"
#define REST       INTERFACES LISTENERS ROUTES CLUSTERS

struct row {
    const char *title, *yaml;
    const char *errors; /* line:column: message, each with a newline; NULL: none */
};

/* The complaints as cfg_errors_print() prints them, for a file called "f". The caller frees. */
static inline char *complaints_about(const char *yaml)
{
    struct cfg_errors errs;
    struct config *c = config_parse("f", yaml, strlen(yaml), &errs);
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    cr_assert_eq(c == NULL, errs.n > 0);
    cfg_errors_print(&errs, f);
    fclose(f);
    config_free(c);
    cfg_errors_free(&errs);
    return text;
}

/* `lines` with "f:" before each. The caller frees. */
static inline char *as_printed(const char *lines)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);

    while (*lines) {
        size_t line = strcspn(lines, "\n") + 1;

        fprintf(f, "f:%.*s", (int)line, lines);
        lines += line;
    }
    fclose(f);
    return text;
}

/* Each row's file, with exactly its complaints. */
static inline void expect_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *wanted = as_printed(rows[i].errors ? rows[i].errors : "");
        char *got = complaints_about(rows[i].yaml);

        cr_expect_str_eq(got, wanted, "%s\n%s\ngot:\n%swanted:\n%s", rows[i].title, rows[i].yaml, got,
                         wanted);
        free(got);
        free(wanted);
    }
}

#endif

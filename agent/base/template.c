/* Cutting a template into pieces; see template.h. */
#include "agent/base/template.h"

#include <stdio.h>

static const struct {
    const char *name;
    unsigned where;
} variables[] = {
#define X(id, name, where) [TEMPLATE_##id] = {name, where},
    TEMPLATE_VARIABLES(X)
#undef X
};

#define NVARIABLES (sizeof variables / sizeof *variables)

static enum template_var lookup(struct span name, unsigned where)
{
    for (size_t i = TEMPLATE_LITERAL + 1; i < NVARIABLES; i++)
        if ((variables[i].where & where) && span_eq(name, span_str(variables[i].name)))
            return (enum template_var)i;
    return TEMPLATE_LITERAL;
}

static int known_ones(unsigned where, char why[TEMPLATE_WHY])
{
    size_t n = (size_t)snprintf(why, TEMPLATE_WHY, "text with the variables that a %s knows:",
                                where == TEMPLATE_REQUEST ? "request" : "response");
    for (size_t i = TEMPLATE_LITERAL + 1; i < NVARIABLES; i++)
        if ((variables[i].where & where) && n < TEMPLATE_WHY)
            n += (size_t)snprintf(why + n, TEMPLATE_WHY - n, " %s", variables[i].name);
    return -1;
}

/* Field content: a tab, visible ASCII, and bytes that are no ASCII (RFC 9110 section 5.5). */
static bool is_text(unsigned char c)
{
    return c == '\t' || (c >= ' ' && c != 0x7f);
}

/* The piece at `s`, which is not empty: a variable, a percent sign, or text up to the next of either. */
static bool next_piece(const char **s, unsigned where, struct template_piece *piece)
{
    const char *p = *s;
    piece->var = TEMPLATE_LITERAL;
    if (p[0] == '%' && p[1] == '%') {
        piece->text = span_of(p, 1);
        *s = p + 2;
        return true;
    }
    if (*p != '%') {
        size_t n = strcspn(p, "%");
        piece->text = span_of(p, n);
        *s = p + n;
        return true;
    }
    const char *end = p[1] == '{' ? strchr(p, '}') : NULL;
    if (!end)
        return false;
    piece->var = (uint8_t)lookup(span_of(p + 2, (size_t)(end - p) - 2), where);
    piece->text = span_of(NULL, 0);
    *s = end + 1;
    return piece->var != TEMPLATE_LITERAL;
}

int template_parse(const char *text, unsigned where, struct template_piece piece[TEMPLATE_MAX_PIECES],
                   char why[TEMPLATE_WHY])
{
    int n = 0;
    for (const char *p = text; *p; p++)
        if (!is_text((unsigned char)*p)) {
            snprintf(why, TEMPLATE_WHY, "one line without control characters");
            return -1;
        }
    while (*text) {
        if (n == (int)TEMPLATE_MAX_PIECES) {
            snprintf(why, TEMPLATE_WHY, "text of at most %u pieces", TEMPLATE_MAX_PIECES);
            return -1;
        }
        if (!next_piece(&text, where, &piece[n++]))
            return known_ones(where, why);
    }
    return n;
}

#include <criterion/criterion.h>
#include <stdio.h>

#include "agent/base/field_edit.h"

/* The pieces in one line: <text> for literals, the variable's number in brackets. */
static const char *pieces(const char *text, unsigned where)
{
    static char out[4096];
    struct template_piece piece[TEMPLATE_MAX_PIECES];
    char why[TEMPLATE_WHY];
    size_t n = 0;
    int count = template_parse(text, where, piece, why);
    if (count < 0) {
        cr_assert(*why && strlen(why) < TEMPLATE_WHY);
        return "refused";
    }
    out[0] = 0;
    for (int i = 0; i < count; i++)
        if (piece[i].var == TEMPLATE_LITERAL)
            n += (size_t)snprintf(out + n, sizeof out - n, "<%.*s>", (int)piece[i].text.n,
                                  (const char *)piece[i].text.p);
        else
            n += (size_t)snprintf(out + n, sizeof out - n, "[%u]", piece[i].var);
    return out;
}

static const char *var(unsigned v)
{
    static char out[16];
    snprintf(out, sizeof out, "[%u]", v);
    return out;
}

Test(template, pieces)
{
    cr_expect_str_eq(pieces("", TEMPLATE_REQUEST), "");
    cr_expect_str_eq(pieces("plain text", TEMPLATE_REQUEST), "<plain text>");
    cr_expect_str_eq(pieces("%{path}", TEMPLATE_REQUEST), var(TEMPLATE_PATH));
    cr_expect_str_eq(pieces("%{endpoint}", TEMPLATE_RESPONSE), var(TEMPLATE_ENDPOINT));
    cr_expect_str_eq(pieces("100%%", TEMPLATE_REQUEST), "<100><%>");
    cr_expect_str_eq(pieces("%%{path}", TEMPLATE_REQUEST), "<%><{path}>");
    cr_expect_str_eq(pieces("a\tb\xc3\xa9}", TEMPLATE_REQUEST), "<a\tb\xc3\xa9}>");
    char wanted[64];
    snprintf(wanted, sizeof wanted, "<a>[%u][%u]<b>", TEMPLATE_HOST, TEMPLATE_TIME);
    cr_expect_str_eq(pieces("a%{host}%{time}b", TEMPLATE_REQUEST), wanted);
}

Test(template, refused)
{
    static const char *const texts[] = {"%",      "50%",  "a%b",  "%{path", "%{}",  "%{Path}",   "%{ path}",
                                        "a\r\nb", "a\nb", "\x01", "\x7f",   "a\rb", "%{nothing}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_str_eq(pieces(texts[i], TEMPLATE_REQUEST), "refused", "%s", texts[i]);
    cr_expect_str_eq(pieces("%{endpoint}", TEMPLATE_REQUEST), "refused");
    cr_expect_str_eq(pieces("%{path}", TEMPLATE_RESPONSE), "refused");
}

Test(template, at_most_so_many_pieces)
{
    char text[2 * TEMPLATE_MAX_PIECES + 3];
    memset(text, '%', sizeof text);
    text[2 * TEMPLATE_MAX_PIECES] = 0;
    cr_expect_str_neq(pieces(text, TEMPLATE_REQUEST), "refused");
    text[2 * TEMPLATE_MAX_PIECES] = '%';
    text[2 * TEMPLATE_MAX_PIECES + 2] = 0;
    cr_expect_str_eq(pieces(text, TEMPLATE_REQUEST), "refused");
}

Test(field_edit, names_in_any_case)
{
    static char *remove[] = {"X-Remove"};
    static struct field_line set[] = {{.name = "x-set"}}, add[] = {{.name = "x-add"}};
    struct field_edit e = {.nremove = 1, .nset = 1, .nadd = 1, .remove = remove, .set = set, .add = add};
    e.names = field_name_bit(span_str("x-remove")) | field_name_bit(span_str("X-SET"));
    cr_expect(field_edit_names(&e, span_str("x-reMOVE")));
    cr_expect(field_edit_names(&e, span_str("X-Set")));
    cr_expect_not(field_edit_names(&e, span_str("x-add")));
    cr_expect_not(field_edit_names(&e, span_str("x-removed")));
    cr_expect_not(field_edit_names(&e, span_str("")));
}

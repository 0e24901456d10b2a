/* Regular expressions: the whole text, many at once, what is refused and why, and that hostile ones cost no
 * more than others. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "agent/base/regex.h"

static struct regex *make_one(const char *expression, struct regex_scratch **s)
{
    char why[REGEX_WHY];
    uint32_t which;
    struct regex *r = regex_make(&expression, 1, &which, why);
    cr_assert_not_null(r, "%s: %s", expression, why);
    cr_assert(regex_fit(s, r));
    return r;
}

Test(regex, whole_text)
{
    static const struct {
        const char *expression, *text;
        bool wanted;
    } rows[] = {
        {"a", "a", true},
        {"a", "ab", false},
        {"a", "ba", false},
        {"a", "a\n", false},
        {"a|b", "b", true},
        {"a|b", "ab", false},
        {".*", "", true},
        {"a*", "", true},
        {"a+", "", false},
        {"", "", true},
        {"", "x", false},
        {"^a$", "a", true},
        {"^$", "", true},
        {"/v[0-9]+/.*", "/v12/x", true},
        {"/v[0-9]+/.*", "/v/x", false},
        {"/(img|css)/[^/]+\\.(png|css)", "/img/a.png", true},
        {"/(img|css)/[^/]+\\.(png|css)", "/img/a/b.png", false},
        {"(?i)abc", "aBC", true},
        {"a.c", "a\nc", true},
        {"a{2,3}", "aa", true},
        {"a{2,3}", "aaaa", false},
        {"\\x41", "A", true},
        {"(a+)+b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct regex_scratch *s = NULL;
        struct regex *r = make_one(rows[i].expression, &s);
        cr_expect_eq(regex_matches(r, s, span_str(rows[i].text)), rows[i].wanted, "%s on \"%s\"",
                     rows[i].expression, rows[i].text);
        regex_free(r);
        regex_scratch_free(s);
    }
}

static void note(void *ctx, uint32_t i)
{
    unsigned *times = ctx;
    times[i]++;
}

Test(regex, many_at_once)
{
    static const char *const all[] = {"/a.*", "/b", ".*b", "", "/ab?"};
    unsigned times[5] = {0}, empty[5] = {0};
    struct regex_scratch *s = NULL;
    char why[REGEX_WHY];
    uint32_t which;
    struct regex *r = regex_make(all, 5, &which, why);
    cr_assert_not_null(r);
    cr_assert(regex_fit(&s, r));
    regex_each(r, s, span_str("/ab"), note, times);
    cr_expect(times[0] == 1 && times[1] == 0 && times[2] == 1 && times[3] == 0 && times[4] == 1);
    regex_each(r, s, span_str(""), note, empty);
    cr_expect(empty[0] == 0 && empty[1] == 0 && empty[2] == 0 && empty[3] == 1 && empty[4] == 0);
    regex_free(r);
    regex_scratch_free(s);
}

Test(regex, refused)
{
    static const char *const bad[] = {"(",      "a)",     "a)|(b", "[a",      "a{3,1}", "*",
                                      "(a)\\1", "(?=a)b", "a\\",   "\\Qa(?:", "(?>a)"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *pair[] = {"good", bad[i]};
        char why[REGEX_WHY] = "";
        uint32_t which = 9;
        struct regex *r = regex_make(pair, 2, &which, why);
        cr_expect_null(r, "%s", bad[i]);
        cr_expect_eq(which, 1, "%s", bad[i]);
        cr_expect_gt(strlen(why), 5, "%s", bad[i]);
        regex_free(r);
    }
    char *longer = calloc(1, REGEX_LONG + 2), why[REGEX_WHY];
    uint32_t which;
    memset(longer, 'a', REGEX_LONG + 1);
    cr_expect_null(regex_make((const char *const *)&longer, 1, &which, why));
    free(longer);
    regex_free(NULL);
}

/* One scratch serves all that it was fitted to. */
Test(regex, one_scratch_for_all)
{
    struct regex_scratch *s = NULL;
    struct regex *a = make_one("a[0-9]{1,30}b", &s), *b = make_one("(x|y|zz)+", &s);
    cr_expect(regex_matches(a, s, span_str("a123b")));
    cr_expect(regex_matches(b, s, span_str("xyzzx")));
    cr_expect_not(regex_matches(b, s, span_str("xyzx")));
    regex_free(a);
    regex_free(b);
    regex_scratch_free(s);
}

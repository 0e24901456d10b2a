/* What a check makes of its answer: tables of answers, each whole and cut at every byte. */
#include "agent/exchange/verdict.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *answer;
    enum finding finding;
    uint16_t status;
    bool at_end; /* known when the connection has ended, no sooner */
};

/* As check.c does: heads are shown from their beginning until they are taken, bodies as they come, in pieces
 * of at most `piece` bytes. */
static struct verdict judge(const char *wanted, const struct cfg_health_check *expected, const char *answer,
                            size_t piece)
{
    static struct http_head h;
    struct matcher *m = wanted ? matcher_make(wanted) : NULL;
    struct check_answer a = {.matcher = m};
    size_t n = strlen(answer), taken = 0, here = 0;
    uint32_t scanned = 0;
    struct verdict v = {0};
    while (!v.known && here < n) {
        here = here + piece < n ? here + piece : n;
        do {
            v = verdict_of(&a, expected, span_of((const uint8_t *)answer + taken, here - taken), &scanned,
                           &h);
            taken += v.taken;
        } while (!v.known && v.taken && taken < here);
    }
    if (!v.known)
        v.finding = verdict_at_end(&a);
    free(m);
    return v;
}

static void run(const char *wanted, const struct cfg_health_check *expected, const struct row *row, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t piece = 1; piece <= strlen(row[i].answer); piece++) {
            struct verdict v = judge(wanted, expected, row[i].answer, piece);
            cr_expect_eq(v.finding, row[i].finding, "row %zu in pieces of %zu: %s", i, piece,
                         finding_text(v.finding));
            cr_expect_eq(v.known, !row[i].at_end, "row %zu in pieces of %zu", i, piece);
            cr_expect_eq(v.status, row[i].status, "row %zu in pieces of %zu", i, piece);
        }
}

#define OK_HEAD(more) "HTTP/1.1 200 OK\r\n" more "\r\n"

Test(verdict, statuses)
{
    static struct cfg_statuses list[] = {{200, 200}, {401, 403}};
    static const struct cfg_health_check by_default = {.method = CFG_CHECK_GET},
                                         listed = {.nexpected = 2, .expected = list};
    static const struct row defaults[] = {
        {OK_HEAD(""), FINDING_PASSED, 0, false},
        {"HTTP/1.1 399 So\r\n\r\n", FINDING_PASSED, 0, false},
        {"HTTP/1.1 400 No\r\n\r\n", FINDING_STATUS, 400, false},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n", FINDING_STATUS, 503, false},
        {"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 So\r\n\r\n", FINDING_PASSED, 0, false},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", FINDING_BAD_ANSWER, 0, false},
        {"HTTP/1.1 200 OK\r\nContent-", FINDING_CLOSED, 0, true},
    };
    static const struct row rows[] = {
        {OK_HEAD(""), FINDING_PASSED, 0, false},
        {"HTTP/1.1 204 So\r\n\r\n", FINDING_STATUS, 204, false},
        {"HTTP/1.1 402 So\r\n\r\n", FINDING_PASSED, 0, false},
    };
    run(NULL, &by_default, defaults, sizeof defaults / sizeof *defaults);
    run(NULL, &listed, rows, sizeof rows / sizeof *rows);
}

Test(verdict, bodies)
{
    static const struct cfg_health_check check = {.method = CFG_CHECK_GET};
    static const struct row rows[] = {
        {OK_HEAD("Content-Length: 9\r\n") "xabcabdyy", FINDING_PASSED, 0, false},
        {OK_HEAD("Content-Length: 8\r\n") "abcabcab", FINDING_BODY, 0, false},
        {OK_HEAD("Content-Length: 5\r\n") "abcabd", FINDING_BODY, 0, false}, /* behind its end */
        {OK_HEAD("Content-Length: 9\r\n") "abcab", FINDING_CLOSED, 0, true},
        {OK_HEAD("Connection: close\r\n") "abcabcabd", FINDING_PASSED, 0, false},
        {OK_HEAD("Connection: close\r\n") "abcabcab", FINDING_BODY, 0, true},
        {OK_HEAD("Transfer-Encoding: chunked\r\n") "4\r\nabca\r\n2\r\nbd\r\n", FINDING_PASSED, 0, false},
        {OK_HEAD("Transfer-Encoding: chunked\r\n") "4\r\nabca\r\n0\r\nX: abcabd\r\n\r\n", FINDING_BODY, 0,
         false},
        {OK_HEAD("Transfer-Encoding: chunked\r\n") "4\r\nabcabd", FINDING_BAD_ANSWER, 0, false},
        {"HTTP/1.1 204 So\r\n\r\n", FINDING_BODY, 0, false},
    };
    run("abcabd", &check, rows, sizeof rows / sizeof *rows);
}

Test(verdict, a_body_without_end_is_read_so_far)
{
    static const struct cfg_health_check check = {.method = CFG_CHECK_GET};
    static const char head[] = OK_HEAD("Connection: close\r\n");
    static char answer[70000];
    memset(answer, 'x', sizeof answer - 1);
    memcpy(answer, head, sizeof head - 1);
    memcpy(answer + 69000, "wanted", 6); /* too far */
    struct verdict v = judge("wanted", &check, answer, 1000);
    cr_expect(v.known);
    cr_expect_eq(v.finding, FINDING_BODY);
    memcpy(answer + 60000, "wanted", 6);
    cr_expect_eq(judge("wanted", &check, answer, 1000).finding, FINDING_PASSED);
}

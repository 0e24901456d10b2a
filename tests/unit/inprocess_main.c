/* Runs Criterion tests without Criterion's runner: its process arena cannot be placed beside the thread
 * sanitizer's shadow memory. Linked into the unit tests of a thread-sanitizer build only; it replaces the few
 * library functions through which tests and assertions report. Each test runs in a forked child, one after
 * the other; tests with parameters or theories are not for it and fail.
 *
 * Prints the same closing line as Criterion; exit status 1 when a test failed. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern struct criterion_test *__start_cr_tst[], *__stop_cr_tst[];
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak)), *__stop_cr_sts[] __attribute__((weak));

static const struct criterion_test *running;
static const struct criterion_test_extra_data *suite;
static bool failed; /* an expectation of this child's test did; set by the thread that found it */

void criterion_send_assert(struct criterion_assert_stats *s)
{
    if (s->passed)
        return;
    __atomic_store_n(&failed, true, __ATOMIC_RELAXED);
    fprintf(stderr, "%s:%u: %s\n", s->file, s->line, s->message);
}

void criterion_abort_test(void)
{
    exit(1);
}

void criterion_continue_test(void)
{
}

void criterion_test_die(const char *msg, ...)
{
    va_list ap;
    va_start(ap, msg);
    vfprintf(stderr, msg, ap);
    va_end(ap);
    exit(1);
}

void cri_asserts_passed_incr(void)
{
}

void criterion_internal_test_setup(void)
{
    if (suite && suite->init)
        suite->init();
    if (running->data->init)
        running->data->init();
}

void criterion_internal_test_main(void (*fn)(void))
{
    fn();
}

void criterion_internal_test_teardown(void)
{
    if (running->data->fini)
        running->data->fini();
    if (suite && suite->fini)
        suite->fini();
}

static const struct criterion_test_extra_data *suite_of(const struct criterion_test *t)
{
    for (struct criterion_suite **s = __start_cr_sts; s < __stop_cr_sts; s++)
        if (*s && strcmp((*s)->name, t->category) == 0)
            return (*s)->data;
    return NULL;
}

static bool passes(const struct criterion_test *t)
{
    if (t->data->kind_ != CR_TEST_NORMAL) {
        fprintf(stderr, "%s::%s: takes parameters\n", t->category, t->name);
        return false;
    }
    running = t;
    suite = suite_of(t);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(300);
        t->test();
        exit(failed ? 1 : 0);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        perror("fork");
        return false;
    }
    if (t->data->signal)
        return WIFSIGNALED(status) && WTERMSIG(status) == t->data->signal;
    return WIFEXITED(status) && WEXITSTATUS(status) == t->data->exit_code;
}

int main(void)
{
    unsigned good = 0, bad = 0;
    for (struct criterion_test **t = __start_cr_tst; t < __stop_cr_tst; t++) {
        if (!*t || (*t)->data->disabled)
            continue;
        if (passes(*t)) {
            good++;
        } else {
            fprintf(stderr, "[FAIL] %s::%s\n", (*t)->category, (*t)->name);
            bad++;
        }
    }
    printf("Synthesis: Tested: %u | Passing: %u | Failing: %u\n", good + bad, good, bad);
    return bad ? 1 : 0;
}

/* The part of Criterion that unit tests of pure functions use, in plain C without a library: what is compiled
 * for another processor has none. A failed assertion says where, and ends the program. */
#ifndef LACON_TESTS_CROSS_CRITERION_H
#define LACON_TESTS_CROSS_CRITERION_H

#include <stdio.h>
#include <stdlib.h>

struct cross_test {
    const char *name;
    void (*run)(void);
    struct cross_test *next;
};

extern struct cross_test *cross_tests;

#define Test(suite, name_)                                                                                   \
    static void suite##_##name_(void);                                                                       \
    __attribute__((constructor)) static void suite##_##name_##_add(void)                                     \
    {                                                                                                        \
        static struct cross_test t = {#suite "::" #name_, suite##_##name_, NULL};                            \
        t.next = cross_tests;                                                                                \
        cross_tests = &t;                                                                                    \
    }                                                                                                        \
    static void suite##_##name_(void)

#define cr_assert(x, ...)                                                                                    \
    do {                                                                                                     \
        if (!(x)) {                                                                                          \
            printf("%s:%d: not so: %s " __VA_OPT__("(") __VA_ARGS__, __FILE__, __LINE__, #x);                \
            puts("");                                                                                        \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)
#define cr_expect(...)          cr_assert(__VA_ARGS__)
#define cr_assert_eq(a, b, ...) cr_assert_cmp((a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_expect_eq(a, b, ...) cr_assert_cmp((a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_cmp(x, text, ...)                                                                          \
    do {                                                                                                     \
        if (!(x)) {                                                                                          \
            printf("%s:%d: not so: %s; ", __FILE__, __LINE__, text);                                         \
            printf("" __VA_ARGS__);                                                                          \
            puts("");                                                                                        \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#endif

/* Runs the tests of one unit program that was compiled with criterion/criterion.h of this folder. */
#include <criterion/criterion.h>

struct cross_test *cross_tests;

int main(void)
{
    unsigned n = 0;
    for (const struct cross_test *t = cross_tests; t; t = t->next, n++) {
        printf("%s\n", t->name);
        fflush(stdout);
        t->run();
    }
    printf("%u passed\n", n);
    return n == 0;
}

/* A property of the code under test: when it does not hold, the fuzzer (or the unit test) stops here. */
#ifndef LACON_TESTS_FUZZ_PROPERTY_H
#define LACON_TESTS_FUZZ_PROPERTY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PROPERTY(holds)                                                                                      \
    do {                                                                                                     \
        if (!(holds)) {                                                                                      \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds);                       \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* The entry that libFuzzer and replay_main.c call with one input. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#endif

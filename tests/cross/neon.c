/* The tests of sets pass over those that the processor at hand has not: here it has to have this one. */
#include <criterion/criterion.h>
#include <string.h>

#include "accel/simd.h"

Test(cross, neon_is_the_best_set)
{
    cr_assert(simd_best() && strcmp(simd_best()->name, "neon") == 0);
}

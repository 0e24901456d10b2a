/* The list of providers, in the order in which they are preferred when nobody says otherwise; soft and simd,
 * which are a line each. Constant data; any thread. */
#include <stdio.h>
#include <string.h>

#include "accel/accel.h"
#include "accel/simd.h"

static const struct kernels *soft_kernels(const char **name, char *why)
{
    (void)why;
    *name = "plain C";
    return &kernels_soft;
}

static const struct kernels *simd_kernels(const char **name, char *why)
{
    const struct simd_set *s = simd_best();
    if (!s) {
        snprintf(why, ACCEL_WHY, "this CPU has none of the instruction sets that it knows");
        return NULL;
    }
    *name = s->name;
    return s->kernels;
}

const struct accel_provider accel_soft = {
    .name = "soft",
    .text = "plain C, the meaning of each hook",
    .hooks = 1u << ACCEL_CSUM | 1u << ACCEL_SCAN | 1u << ACCEL_PARSE | 1u << ACCEL_STEER,
    .kernels = soft_kernels,
};

const struct accel_provider accel_simd = {
    .name = "simd",
    .text = "vector instructions of the CPU at hand",
    .hooks = 1u << ACCEL_CSUM | 1u << ACCEL_SCAN,
    .kernels = simd_kernels,
};

const struct accel_provider accel_device = {
    .name = "device",
    .text = "what the device of an interface does for it anyway, as its driver tells",
    .hooks = 1u << ACCEL_PARSE | 1u << ACCEL_STEER,
};

const struct accel_provider *const accel_providers[] = {
    &accel_device, &accel_simd, &accel_rte_flow, &accel_emu, &accel_faulty, &accel_soft, NULL,
};

const struct accel_provider *accel_find(const char *name)
{
    for (unsigned i = 0; accel_providers[i]; i++)
        if (strcmp(accel_providers[i]->name, name) == 0)
            return accel_providers[i];
    return NULL;
}

const char *accel_hook_name(enum accel_hook h)
{
    static const char *const names[] = {
#define X(id, name) name,
        ACCEL_HOOKS(X)
#undef X
    };
    return h < ACCEL_HOOK_COUNT ? names[h] : "?";
}

/* emu: a SmartNIC's flow engine, emulated: between port and worker as the silicon would be, with what such an
 * engine can and cannot do. accel_emu (accel.h) is it as a provider; here is what tests and benches set. */
#ifndef LACON_ACCEL_EMU_H
#define LACON_ACCEL_EMU_H

#include "accel/accel.h"

struct emu_profile {
    const char *name, *about;          /* where its numbers come from */
    uint32_t entries;                  /* rules */
    uint32_t queue;                    /* requests that may be under way */
    uint32_t insert_rate, remove_rate; /* a second */
    uint64_t delay_ns;                 /* from effect to answer, at least */
    uint64_t batch_ns;                 /* answers are told at multiples of this */
    uint64_t age_ns;                   /* a rule without a segment for so long is dropped */
    bool v6;
};

/* Ends with one without a name. */
extern const struct emu_profile emu_profiles[];
/* As accel_engine_params.profile: one of these, ENTRIESxRATE ("1000x200": 200 insertions a second), or
 * ENTRIESxRATExMICROSECONDS from effect to answer. */

struct accel_engine *emu_create(const struct emu_profile *p, const struct frame_ops *ops);
extern const struct accel_engine_class emu_engine;

#endif

/* Byte kernels with NEON (Advanced SIMD), 16 bytes at a time. UNTESTED on a processor that has it, for want
 * of one: tests/unit/test_accel_simd.c judges it where qemu emulates one (tests/cross). Each search looks for
 * a vector with a hit and leaves the place to plain C, which looks at 16 bytes then. */
#ifdef __aarch64__
#include <arm_neon.h>

#include "accel/simd.h"
#include "agent/base/csum.h"

#define WIDTH 16

static inline uint8x16_t not_text(uint8x16_t v)
{
    uint8x16_t low = vcltq_u8(v, vdupq_n_u8(0x20)), tab = vceqq_u8(v, vdupq_n_u8('\t'));
    return vorrq_u8(vbicq_u8(low, tab), vceqq_u8(v, vdupq_n_u8(0x7f)));
}

static inline uint8x16_t not_target(uint8x16_t v)
{
    uint8x16_t out = vcgtq_u8(vsubq_u8(v, vdupq_n_u8(0x21)), vdupq_n_u8(0x5d));
    return vorrq_u8(out, vceqq_u8(v, vdupq_n_u8('#')));
}

#define SKIP(name, bad)                                                                                      \
    static const uint8_t *name(const uint8_t *p, const uint8_t *end)                                         \
    {                                                                                                        \
        while (end - p >= WIDTH && vmaxvq_u8(bad(vld1q_u8(p))) == 0)                                         \
            p += WIDTH;                                                                                      \
        return kernels_soft.name(p, end);                                                                    \
    }

SKIP(skip_text, not_text)
SKIP(skip_target, not_target)

/* Needs two bytes before p. */
static inline uint8x16_t ends_head(const uint8_t *p)
{
    uint8x16_t lf = vdupq_n_u8('\n'), cr = vceqq_u8(vld1q_u8(p - 1), vdupq_n_u8('\r'));
    uint8x16_t fine = vbicq_u8(cr, vceqq_u8(vld1q_u8(p - 2), lf));
    return vbicq_u8(vceqq_u8(vld1q_u8(p), lf), fine);
}

static const uint8_t *head_end(const uint8_t *start, const uint8_t *p, const uint8_t *end)
{
    for (; p != end && p - start < 2; p++)
        if (*p == '\n')
            return p;
    while (end - p >= WIDTH && vmaxvq_u8(ends_head(p)) == 0)
        p += WIDTH;
    return kernels_soft.head_end(start, p, end);
}

static uint16_t csum(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64x2_t a = vdupq_n_u64(0);
    for (; n >= WIDTH; n -= WIDTH, p += WIDTH)
        a = vpadalq_u32(a, vreinterpretq_u32_u8(vld1q_u8(p)));
    uint64_t s = vaddvq_u64(a);
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        s += (w & 0xffffffffu) + (w >> 32);
    }
    return csum_rest(s, p, n);
}

const struct kernels simd_neon = {
    .csum = csum,
    .skip_text = skip_text,
    .skip_target = skip_target,
    .head_end = head_end,
};
#endif

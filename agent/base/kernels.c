/* See kernels.h: the plain C of each kernel, eight bytes at a time where that pays. No state but which set is
 * in use; any thread. */
#include "agent/base/kernels.h"

#include <stdbool.h>
#include <string.h>

#include "agent/base/csum.h"

#define EACH(byte) ((uint64_t)(byte)*0x0101010101010101u)

/* Words are summed in the machine's byte order, which commutes with the sum (RFC 1071 section 2B); both
 * 32-bit halves of eight bytes go into one 64-bit accumulator that cannot overflow below 8 GiB. */
static uint16_t soft_csum(const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t s = 0;
    for (size_t words = n / 8; words > 0; words--, p += 8) {
        uint64_t w;
        memcpy(&w, p, 8);
        s += (w & 0xffffffffu) + (w >> 32);
    }
    return csum_rest(s, p, n % 8);
}

static inline bool is_text(uint8_t c)
{
    return c == '\t' || (c >= ' ' && c != 0x7f);
}

static inline bool is_target(uint8_t c)
{
    return c > ' ' && c < 0x7f && c != '#';
}

/* Is any of the eight bytes a control character (HTAB included) or DEL? The test for "less than" and for
 * "zero" in every byte at once; exact as an any-test, and the same in either byte order. */
static inline bool any_control(uint64_t w)
{
    uint64_t del = w ^ EACH(0x7f);
    uint64_t below_space = (w - EACH(0x20)) & ~w;
    uint64_t is_del = (del - EACH(1)) & ~del;
    return ((below_space | is_del) & EACH(0x80)) != 0;
}

static const uint8_t *soft_skip_text(const uint8_t *p, const uint8_t *end)
{
    for (uint64_t w; end - p >= 8; p += 8) {
        memcpy(&w, p, 8);
        if (any_control(w))
            break;
    }
    while (p != end && is_text(*p))
        p++;
    return p;
}

static const uint8_t *soft_skip_target(const uint8_t *p, const uint8_t *end)
{
    while (p != end && is_target(*p))
        p++;
    return p;
}

static const uint8_t *soft_head_end(const uint8_t *start, const uint8_t *p, const uint8_t *end)
{
    while (p != end && (p = memchr(p, '\n', (size_t)(end - p)))) {
        if (p - start < 2 || p[-1] != '\r' || p[-2] == '\n')
            return p;
        p++;
    }
    return NULL;
}

const struct kernels kernels_soft = {
    .csum = soft_csum,
    .skip_text = soft_skip_text,
    .skip_target = soft_skip_target,
    .head_end = soft_head_end,
};

struct kernels kernels = {
    .csum = soft_csum,
    .skip_text = soft_skip_text,
    .skip_target = soft_skip_target,
    .head_end = soft_head_end,
};

void kernels_use(const struct kernels *k)
{
    kernels = *k;
}

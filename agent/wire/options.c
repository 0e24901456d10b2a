/* TCP options as received; see wire.h. Only SYNs and segments with SACK blocks come here, so this is not on
 * the hot path. No state, any thread. */
#include "agent/base/bytes.h"
#include "agent/base/mutant.h"
#include "agent/wire/proto.h"
#include "agent/wire/wire.h"

#define WSCALE_MAX 14 /* RFC 7323 section 2.3 */

static bool take_sack(const uint8_t *o, uint8_t len, struct tcp_opts *out)
{
    unsigned n = (len - 2u) / 8;
    if (n < 1 || n > TCP_MAX_SACK || len != 2 + 8 * n)
        return false;
    for (unsigned i = 0; i < n; i++) {
        out->sack[i].lo = get_be32(o + 2 + 8 * i);
        out->sack[i].hi = get_be32(o + 6 + 8 * i);
    }
    out->nsack = (uint8_t)n;
    return true;
}

/* One option of len bytes, its kind and length included; all of them are there. */
static bool take_option(const uint8_t *o, uint8_t len, struct tcp_opts *out)
{
    switch (o[0]) {
    case TCPOPT_MSS:
        if (len != 4)
            return false;
        out->mss = get_be16(o + 2);
        return true;
    case TCPOPT_WSCALE:
        if (len != 3)
            return false;
        out->wscale = (int8_t)(o[2] > WSCALE_MAX ? WSCALE_MAX : o[2]);
        return true;
    case TCPOPT_SACK_OK:
        out->sack_ok = true;
        return len == 2;
    case TCPOPT_SACK:
        return take_sack(o, len, out);
    default:
        return true;
    }
}

bool wire_tcp_opts(struct span opts, struct tcp_opts *out)
{
    *out = (struct tcp_opts){.wscale = -1};
    while (opts.n > 0 && opts.p[0] != TCPOPT_END) {
        size_t len = 1;
        if (opts.p[0] != TCPOPT_NOP) {
            if (opts.n < 2)
                return false;
            len = opts.p[1];
            if ((len < 2 && !mutant(option_length_0)) || len > opts.n ||
                !take_option(opts.p, (uint8_t)len, out))
                return false;
        }
        opts = span_from(opts, len);
    }
    return true;
}

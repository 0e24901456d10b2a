/* Blocks are written in the byte order of this machine, as the format allows: the section header tells. */
#include "tests/sim/pcapng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/buf.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    OPT_END = 0,
    OPT_COMMENT = 1,
    OPT_IF_NAME = 2,
    OPT_IF_TSRESOL = 9,
    OPT_EPB_FLAGS = 2,
    FLAG_OUTBOUND = 2,
    LINK_ETHERNET = 1,
};

struct pcapng {
    FILE *f;
    uint32_t interfaces;
    uint64_t frames;
    struct buf notes;   /* NUL-terminated texts, one after the other */
    struct buf options; /* of the block being written */
    int failed;
};

static void put_padded(struct buf *b, const void *p, size_t n)
{
    buf_put(b, p, n);
    buf_put(b, "\0\0\0", (4 - n % 4) % 4);
}

static void put_option(struct buf *b, uint16_t code, const void *p, size_t n)
{
    uint16_t head[2] = {code, (uint16_t)n};
    buf_put(b, head, sizeof head);
    put_padded(b, p, n);
}

/* A block: its fixed part, the frame if it has one, p->options, and the length on both ends. */
static void block(struct pcapng *p, uint32_t type, const void *fixed, size_t nfixed, const uint8_t *frame,
                  uint32_t n)
{
    struct buf b = {0};
    uint32_t head[2] = {type, 0};
    buf_put(&b, head, sizeof head);
    buf_put(&b, fixed, nfixed);
    put_padded(&b, frame, n);
    if (p->options.n) {
        put_option(&p->options, OPT_END, NULL, 0);
        buf_put(&b, p->options.p, p->options.n);
        p->options.n = 0;
    }
    uint32_t len = (uint32_t)b.n + 4;
    buf_put(&b, &len, sizeof len);
    memcpy(b.p + 4, &len, sizeof len);
    if (fwrite(b.p, b.n, 1, p->f) != 1)
        p->failed = 1;
    buf_free(&b);
}

struct pcapng *pcapng_open(const char *path)
{
    static const struct {
        uint32_t magic;
        uint16_t major, minor;
        uint64_t length;
    } section = {0x1a2b3c4d, 1, 0, UINT64_MAX};
    FILE *f = fopen(path, "wb");
    struct pcapng *p = f ? calloc(1, sizeof *p) : NULL;
    if (!p) {
        if (f)
            fclose(f);
        return NULL;
    }
    p->f = f;
    block(p, BLOCK_SECTION, &section, sizeof section, NULL, 0);
    return p;
}

int pcapng_close(struct pcapng *p)
{
    if (!p)
        return 0;
    int bad = p->failed | (fclose(p->f) != 0);
    buf_free(&p->notes);
    buf_free(&p->options);
    free(p);
    return bad ? -1 : 0;
}

uint32_t pcapng_interface(struct pcapng *p, const char *name)
{
    static const struct {
        uint16_t link, reserved;
        uint32_t snaplen;
    } fixed = {LINK_ETHERNET, 0, 0};
    uint8_t nanoseconds = 9;
    put_option(&p->options, OPT_IF_NAME, name, strlen(name));
    put_option(&p->options, OPT_IF_TSRESOL, &nanoseconds, 1);
    block(p, BLOCK_INTERFACE, &fixed, sizeof fixed, NULL, 0);
    return p->interfaces++;
}

uint64_t pcapng_frame(struct pcapng *p, uint32_t interface, uint64_t now_ns, const uint8_t *frame, uint32_t n)
{
    uint32_t fixed[5] = {interface, (uint32_t)(now_ns >> 32), (uint32_t)now_ns, n, n}, flags = FLAG_OUTBOUND;
    for (size_t at = 0; at < p->notes.n;) {
        const char *text = (const char *)p->notes.p + at;
        size_t len = strlen(text);
        put_option(&p->options, OPT_COMMENT, text, len);
        at += len + 1;
    }
    p->notes.n = 0;
    put_option(&p->options, OPT_EPB_FLAGS, &flags, sizeof flags);
    block(p, BLOCK_PACKET, fixed, sizeof fixed, frame, n);
    return ++p->frames;
}

void pcapng_note(struct pcapng *p, const char *text)
{
    if (p->notes.n < 16384) /* while nothing is sent nobody reads them all */
        buf_put(&p->notes, text, strlen(text) + 1);
}

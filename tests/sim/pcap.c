/* The classic pcap format: one file header, then a header and the bytes for each frame. */
#include "tests/sim/pcap.h"

#include <stdio.h>
#include <stdlib.h>

struct pcap {
    FILE *f;
};

struct pcap *pcap_open(const char *path)
{
    static const struct {
        uint32_t magic;
        uint16_t major, minor;
        uint32_t zone, sigfigs, snaplen, linktype;
    } head = {0xa1b23c4d, 2, 4, 0, 0, 65535, 1};
    FILE *f = fopen(path, "wb");
    if (!f)
        return NULL;
    struct pcap *p = malloc(sizeof *p);
    if (!p || fwrite(&head, sizeof head, 1, f) != 1) {
        fclose(f);
        free(p);
        return NULL;
    }
    p->f = f;
    return p;
}

void pcap_write(struct pcap *p, uint64_t now_ns, const uint8_t *frame, uint32_t n)
{
    uint32_t head[4] = {(uint32_t)(now_ns / 1000000000), (uint32_t)(now_ns % 1000000000), n, n};
    fwrite(head, sizeof head, 1, p->f);
    fwrite(frame, n, 1, p->f);
}

void pcap_close(struct pcap *p)
{
    if (!p)
        return;
    fclose(p->f);
    free(p);
}

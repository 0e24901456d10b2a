/* pcapng: a trace of a run for Wireshark and tcpdump (draft-ietf-opsawg-pcapng): one interface for each
 * member of the network, nanoseconds, and comments that tell the story: what applications did, what became of
 * frames. Lives for one run; single thread. */
#ifndef SIM_PCAPNG_H
#define SIM_PCAPNG_H

#include <stdint.h>

struct pcapng;

/* NULL when the file cannot be written. */
struct pcapng *pcapng_open(const char *path);
/* NULL is legal. 0, or -1 when not everything could be written. */
int pcapng_close(struct pcapng *p);

/* A new interface; frames name it by the number returned. */
uint32_t pcapng_interface(struct pcapng *p, const char *name);

/* A frame that the interface sent at now_ns of virtual time. Returns its number, counted from 1 as Wireshark
 * counts. */
uint64_t pcapng_frame(struct pcapng *p, uint32_t interface, uint64_t now_ns, const uint8_t *frame,
                      uint32_t n);

/* A comment for the next frame. */
void pcapng_note(struct pcapng *p, const char *text);

#endif

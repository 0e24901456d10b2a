/* packets: frames from and to one network device, through a packet socket (AF_PACKET). */
#ifndef LACON_TESTS_NET_PACKETS_H
#define LACON_TESTS_NET_PACKETS_H

#include <stdint.h>

#define PACKET_ROOM  2048 /* the longest frame; a longer one is counted and lost */
#define PACKET_BURST 64

#define PACKET_NO_TAG 0

struct packet {
    uint32_t len;
    uint16_t
        tag; /* VLAN, taken out of a frame that was received; PACKET_NO_TAG: none. Of no interest when sent */
    uint8_t *data;
};

/* A socket that gets every frame which arrives at the device `name`, whomever it is for, and none that
 * leaves. Never returns on failure: says why and exits. */
int packets_open(const char *name);

/* Up to PACKET_BURST frames into the socket's static buffers, which are valid until the next call; how many.
 * *too_long counts those that were cut off. Never blocks. */
unsigned packets_receive(int fd, struct packet out[PACKET_BURST], uint64_t *too_long);

/* Sends n frames, with VLAN `tag` unless that is PACKET_NO_TAG; how many left. The rest did not fit the
 * device's queue. */
unsigned packets_send(int fd, const struct packet *p, unsigned n, uint16_t tag);

/* Frames that the kernel threw away because the socket was read too slowly, since the last call. */
uint64_t packets_missed(int fd);

#endif

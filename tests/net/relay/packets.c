/* See packets.h. */
#include "tests/net/relay/packets.h"

#include <arpa/inet.h>
#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Enough for a second of 100 Mbit/s: what the relay loses itself would not be in its counts of decisions. */
#define SOCKET_BYTES (64 << 20)
#define MACS         12 /* bytes before a VLAN tag */

static void set(int fd, int level, int option, const void *value, socklen_t n, const char *what)
{
    if (setsockopt(fd, level, option, value, n) < 0)
        err(1, "%s", what);
}

int packets_open(const char *name)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    struct packet_mreq all = {.mr_type = PACKET_MR_PROMISC};
    int one = 1, bytes = SOCKET_BYTES;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (fd < 0)
        err(1, "packet socket");
    at.sll_ifindex = all.mr_ifindex = (int)if_nametoindex(name);
    if (at.sll_ifindex == 0)
        err(1, "%s", name);
    set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one, "PACKET_IGNORE_OUTGOING");
    set(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof one, "PACKET_AUXDATA");
    set(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one, "PACKET_QDISC_BYPASS");
    set(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all, "PACKET_MR_PROMISC");
    set(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes, "SO_RCVBUFFORCE");
    set(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes, "SO_SNDBUFFORCE");
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
        err(1, "bind to %s", name);
    return fd;
}

/* The kernel takes the tag out before it shows a frame. */
static uint16_t tag_of(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        struct tpacket_auxdata aux;
        if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
            continue;
        memcpy(&aux, CMSG_DATA(c), sizeof aux);
        if (aux.tp_status & TP_STATUS_VLAN_VALID)
            return aux.tp_vlan_tci & 0xfff;
    }
    return PACKET_NO_TAG;
}

unsigned packets_receive(int fd, struct packet out[PACKET_BURST], uint64_t *too_long)
{
    static uint8_t room[PACKET_BURST][PACKET_ROOM];
    static _Alignas(struct cmsghdr) uint8_t aux[PACKET_BURST][CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    struct iovec vec[PACKET_BURST];
    struct mmsghdr msg[PACKET_BURST];
    unsigned k = 0;
    memset(msg, 0, sizeof msg);
    for (unsigned i = 0; i < PACKET_BURST; i++) {
        vec[i] = (struct iovec){.iov_base = room[i], .iov_len = PACKET_ROOM};
        msg[i].msg_hdr = (struct msghdr){
            .msg_iov = &vec[i], .msg_iovlen = 1, .msg_control = aux[i], .msg_controllen = sizeof aux[i]};
    }
    int n = recvmmsg(fd, msg, PACKET_BURST, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        if (msg[i].msg_hdr.msg_flags & MSG_TRUNC)
            (*too_long)++;
        else
            out[k++] =
                (struct packet){.len = msg[i].msg_len, .tag = tag_of(&msg[i].msg_hdr), .data = room[i]};
    }
    return k;
}

unsigned packets_send(int fd, const struct packet *p, unsigned n, uint16_t tag)
{
    uint8_t dot1q[4] = {0x81, 0x00, (uint8_t)(tag >> 8), (uint8_t)tag};
    unsigned sent = 0;
    while (n > 0) {
        struct iovec vec[PACKET_BURST][3];
        struct mmsghdr msg[PACKET_BURST];
        unsigned k = n < PACKET_BURST ? n : PACKET_BURST;
        memset(msg, 0, sizeof msg);
        for (unsigned i = 0; i < k; i++) {
            vec[i][0] = (struct iovec){.iov_base = p[i].data, .iov_len = MACS};
            vec[i][1] = (struct iovec){.iov_base = dot1q, .iov_len = tag == PACKET_NO_TAG ? 0 : sizeof dot1q};
            vec[i][2] = (struct iovec){.iov_base = p[i].data + MACS, .iov_len = p[i].len - MACS};
            msg[i].msg_hdr = (struct msghdr){.msg_iov = vec[i], .msg_iovlen = 3};
        }
        int done = sendmmsg(fd, msg, k, MSG_DONTWAIT);
        if (done <= 0)
            done = 0, k = 1; /* this one is lost: the link is down or its queue full; go on with the next */
        else
            k = (unsigned)done;
        sent += (unsigned)done;
        p += k;
        n -= k;
    }
    return sent;
}

uint64_t packets_missed(int fd)
{
    struct tpacket_stats s;
    socklen_t n = sizeof s;
    return getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &s, &n) < 0 ? 0 : s.tp_drops;
}

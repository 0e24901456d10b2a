/* ARP; see neigh.h. */
#include "bench/loadgen/neigh.h"

#include <arpa/inet.h>
#include <string.h>

#define ARP_LEN 42u

enum { ARP_REQUEST = 1, ARP_REPLY = 2 };

static const uint8_t fixed[8] = {0x08, 0x06, 0, 1, 8, 0, 6, 4}; /* type, Ethernet, IPv4, lengths */

static void put(struct wire *wire, const uint8_t to[6], const uint8_t mac[6], uint16_t op, uint32_t sip,
                const uint8_t tmac[6], uint32_t tip)
{
    uint8_t *f = wire->room(wire, false);

    if (!f)
        return;
    memcpy(f, to, 6);
    memcpy(f + 6, mac, 6);
    memcpy(f + 12, fixed, 8);
    f[20] = 0;
    f[21] = (uint8_t)op;
    memcpy(f + 22, mac, 6);
    memcpy(f + 28, &sip, 4);
    memcpy(f + 32, tmac, 6);
    memcpy(f + 38, &tip, 4);
    wire->send(wire, ARP_LEN);
}

bool neigh_input(struct wire *wire, const uint8_t mac[6], const uint8_t *f, uint32_t len, uint32_t ip,
                 uint32_t n, uint32_t hop_be, uint8_t hop_mac[6])
{
    uint32_t sip, tip;

    if (len < ARP_LEN || memcmp(f + 12, fixed, 8) != 0)
        return false;
    memcpy(&sip, f + 28, 4);
    memcpy(&tip, f + 38, 4);
    if (f[21] == ARP_REQUEST && ntohl(tip) - ip < n)
        put(wire, f + 6, mac, ARP_REPLY, tip, f + 22, sip);
    if (hop_be == 0 || sip != hop_be)
        return false;
    memcpy(hop_mac, f + 22, 6);
    return true;
}

void neigh_ask(struct wire *wire, const uint8_t mac[6], uint32_t ip_be, uint32_t hop_be)
{
    static const uint8_t all[6] = {255, 255, 255, 255, 255, 255}, nobody[6];

    put(wire, all, mac, ARP_REQUEST, ip_be, nobody, hop_be);
}

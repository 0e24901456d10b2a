/* neigh: ARP (RFC 826): answers for the generator's addresses, asks for the next hop. */
#ifndef LOADGEN_NEIGH_H
#define LOADGEN_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/loadgen/tcp.h"

/* Is this ARP? Then, if it says where `hop` (0: nobody) is, that goes to hop_mac, and true is returned. A
 * request for one of the addresses [ip, ip + n) (host order) is answered on `wire` from `mac`. */
bool neigh_input(struct wire *wire, const uint8_t mac[6], const uint8_t *f, uint32_t len, uint32_t ip,
                 uint32_t n, uint32_t hop_be, uint8_t hop_mac[6]);

/* Asks who has `hop`, from address `ip` (both as on the wire). */
void neigh_ask(struct wire *wire, const uint8_t mac[6], uint32_t ip_be, uint32_t hop_be);

#endif

/* xdp: lacon's XDP program on a kernel device (agent/io/xdp/lacon.bpf.c). DPDK's AF_XDP driver loads and
 * attaches it and owns its socket map; here is what DPDK does not do: find the file, try it beforehand, clear
 * what a killed lacon left behind, and tell the program which addresses are ours. Start and stop only. */
#ifndef LACON_IO_XDP_H
#define LACON_IO_XDP_H

#include <stdint.h>

#include "agent/base/addr.h"

#define XDP_WHY 200

/* Where the compiled program is: installed, or beside the build's binaries. NULL when it is nowhere. */
const char *xdp_program_path(void);

/* Loads and attaches the program and takes it off again: 0, or -errno with the reason in words. */
int xdp_try(const char *path, int ifindex, char why[XDP_WHY]);

/* Fills the attached program's maps. From then on the device's frames for `addr` are ours. 0 or -errno. */
int xdp_set_addresses(int ifindex, const struct ip_addr *addr, unsigned n, uint16_t vlan);

/* Moves the attached program from the device's own receive path to the kernel's common one ("generic XDP"),
 * which is behind receive steering. For a moment in between frames pass to the kernel. 0 or -errno. */
int xdp_make_generic(int ifindex);

/* Takes the program off the device when it is lacon's: after a failure, or what a killed lacon left behind
 * (the caller has netdev_claim()ed the device, so nobody serves it any more). */
void xdp_detach(int ifindex);

#endif

/* sockets: finds the sockets that a DPDK driver has opened and does not show, so that an idle worker can
 * block on them instead of polling. Start-up only. */
#ifndef LACON_IO_SOCKETS_H
#define LACON_IO_SOCKETS_H

#define SOCKETS_MAX 1024

struct sockets {
    int n;
    int fd[SOCKETS_MAX];
};

/* All sockets of this process of that address family. */
void sockets_list(int domain, struct sockets *out);

/* Lists again: those that are not in `before`, ascending; at most max. Returns how many were written. */
int sockets_since(int domain, const struct sockets *before, int fds[], int max);

#endif

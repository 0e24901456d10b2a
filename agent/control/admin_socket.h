/* admin_socket: making and removing the listening UNIX socket in the file system. */
#ifndef LACON_CONTROL_ADMIN_SOCKET_H
#define LACON_CONTROL_ADMIN_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/un.h>

struct admin_socket {
    struct sockaddr_un at;
    int fd;           /* listening, non-blocking */
    struct stat file; /* what was made, so that nothing else is removed */
};

/* As admin_start() says. 0 or -errno; the reason is logged. */
int admin_socket_open(struct admin_socket *s, const char *path, uint32_t mode);
void admin_socket_close(struct admin_socket *s);

#endif

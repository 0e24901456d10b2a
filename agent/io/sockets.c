/* Lists our sockets through /proc/self/fd; see sockets.h. */
#include "agent/io/sockets.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

static bool of_domain(int fd, int domain)
{
    int got = -1;
    socklen_t len = sizeof got;

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &got, &len) == 0 && got == domain;
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

void sockets_list(int domain, struct sockets *out)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *e;

    out->n = 0;
    if (!dir)
        return;
    while ((e = readdir(dir)) != NULL) {
        int fd = atoi(e->d_name);

        if (e->d_name[0] != '.' && out->n < SOCKETS_MAX && of_domain(fd, domain))
            out->fd[out->n++] = fd;
    }
    closedir(dir);
    qsort(out->fd, (size_t)out->n, sizeof out->fd[0], ascending);
}

int sockets_since(int domain, const struct sockets *before, int fds[], int max)
{
    struct sockets now;
    int n = 0;

    sockets_list(domain, &now);
    for (int i = 0; i < now.n && n < max; i++)
        if (!bsearch(&now.fd[i], before->fd, (size_t)before->n, sizeof before->fd[0], ascending))
            fds[n++] = now.fd[i];
    return n;
}

/* The admin socket as a file; see admin_socket.h. Main thread, at start and stop. */
#include "agent/control/admin_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/log.h"

#define BACKLOG 64

/* Is somebody listening there? A full backlog (EAGAIN) is somebody. */
static bool answers(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true; /* unknown: touch nothing */
    bool yes = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno != ECONNREFUSED;
    close(fd);
    return yes;
}

/* Clears the way for bind(). */
static int remove_stale(const struct sockaddr_un *at)
{
    struct stat st;
    if (lstat(at->sun_path, &st) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    if (answers(at))
        return -EADDRINUSE;
    return unlink(at->sun_path) == 0 || errno == ENOENT ? 0 : -errno;
}

/* /run/lacon is gone after each boot. */
static int make_directory(const char *path)
{
    char dir[sizeof((struct sockaddr_un *)0)->sun_path];
    strcpy(dir, path);
    char *slash = strrchr(dir, '/');
    if (!slash || slash == dir)
        return 0;
    *slash = 0;
    return mkdir(dir, 0755) == 0 || errno == EEXIST ? 0 : -errno;
}

/* The socket's own mode becomes the file's (less the umask), so that at no moment more people may connect
 * than the mode allows; chmod() then gives what the umask took. */
static int bind_and_listen(struct admin_socket *s, mode_t mode)
{
    if (fchmod(s->fd, mode) != 0 || bind(s->fd, (struct sockaddr *)&s->at, sizeof s->at) != 0)
        return -errno;
    if (lstat(s->at.sun_path, &s->file) != 0 || chmod(s->at.sun_path, mode) != 0 ||
        listen(s->fd, BACKLOG) != 0) {
        int rc = -errno;
        unlink(s->at.sun_path);
        return rc;
    }
    return 0;
}

int admin_socket_open(struct admin_socket *s, const char *path, uint32_t mode)
{
    int rc;
    memset(s, 0, sizeof *s);
    s->at.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof s->at.sun_path) {
        log_error("admin socket %s: the path may have %zu bytes", path, sizeof s->at.sun_path - 1);
        return -ENAMETOOLONG;
    }
    strcpy(s->at.sun_path, path);
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    rc = s->fd < 0 ? -errno : make_directory(path);
    if (rc == 0)
        rc = remove_stale(&s->at);
    if (rc == 0)
        rc = bind_and_listen(s, (mode_t)mode);
    if (rc == 0)
        return 0;
    log_error("admin socket %s: %s", path,
              rc == -EADDRINUSE ? "another lacon is listening there"
              : rc == -EEXIST   ? "a file that is not a socket is there"
                                : strerror(-rc));
    if (s->fd >= 0)
        close(s->fd);
    return rc;
}

void admin_socket_close(struct admin_socket *s)
{
    struct stat st;
    if (lstat(s->at.sun_path, &st) == 0 && st.st_ino == s->file.st_ino && st.st_dev == s->file.st_dev)
        unlink(s->at.sun_path);
    close(s->fd);
}

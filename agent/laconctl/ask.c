#include "agent/laconctl/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/laconctl/fail.h"

#define PATIENCE_S 10
#define ANSWER_MAX (64 * 1024 * 1024)

int dial(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    if (strlen(path) >= sizeof at.sun_path)
        die(EXIT_USAGE, "%s: the path of a socket may have %zu bytes", path, sizeof at.sun_path - 1);
    strcpy(at.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die(EXIT_FAIL, "socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    if (errno == ENOENT || errno == ECONNREFUSED)
        die(EXIT_FAIL, "%s: %s: lacon is not running, or its admin socket is elsewhere (-s SOCKET)", path,
            strerror(errno));
    die(EXIT_FAIL, "%s: %s", path, strerror(errno));
}

/* What has come of an answer, at least a byte. */
static size_t receive(int fd, char *to, size_t room)
{
    ssize_t got;
    do
        got = recv(fd, to, room, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        die(EXIT_FAIL, "no answer: %s", errno == EAGAIN ? "lacon is busy" : strerror(errno));
    if (got == 0)
        die(EXIT_FAIL, "no answer: the connection was closed");
    return (size_t)got;
}

/* Reads up to the newline that ends an answer. */
static char *receive_line(int fd, size_t *n)
{
    size_t size = 65536;
    char *text = need(malloc(size));
    for (*n = 0; *n == 0 || text[*n - 1] != '\n'; *n += receive(fd, text + *n, size - *n)) {
        if (*n < size)
            continue;
        if (size == ANSWER_MAX)
            die(EXIT_FAIL, "no answer: too long");
        text = need(realloc(text, size *= 2));
    }
    return text;
}

json_t *ask(int fd, const char *request)
{
    size_t n;
    json_error_t why;
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        die(EXIT_FAIL, "cannot ask: %s", strerror(errno));
    char *text = receive_line(fd, &n);
    json_t *answer = json_loadb(text, n, 0, &why);
    free(text);
    if (!json_is_object(answer))
        die(EXIT_FAIL, "an answer that is not understood: %s", why.text);
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (error)
        die(EXIT_FAIL, "lacon: %s", error);
    return answer;
}

const char *word_of(const char *option, const char *s)
{
    if (!*s || strpbrk(s, " \t\n"))
        die(EXIT_USAGE, "%s takes one word, not '%s'", option, s);
    return s;
}

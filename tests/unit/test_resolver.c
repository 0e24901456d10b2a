/* The resolver against a name server that the test plays: a socket on loopback, in the same thread. */
#include "agent/control/resolver.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define S  UINT64_C(1000000000)
#define MS UINT64_C(1000000)

enum { A = 1, AAAA = 28 };

/* The zone: one name with addresses, of both families; the others do not exist. */
struct zone {
    int fd;
    struct ip_port at;
    bool silent;
    uint32_t ttl_s;
    unsigned n4, n6;
    uint8_t last[4]; /* of its IPv4 addresses, 10.0.0.X */
    unsigned asked;
};

static void open_zone(struct zone *z)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;

    *z = (struct zone){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .ttl_s = 60};
    cr_assert_eq(bind(z->fd, (struct sockaddr *)&at, n), 0);
    cr_assert_eq(getsockname(z->fd, (struct sockaddr *)&at, &n), 0);
    z->at = (struct ip_port){ip_from_v4((const uint8_t[]){127, 0, 0, 1}), ntohs(at.sin_port)};
}

/* Appends one record about the name at offset 12. */
static size_t put_record(uint8_t *out, const struct zone *z, uint8_t type, unsigned i)
{
    uint8_t head[12] = {0xc0, 12, 0, type, 0, 1, 0, 0, (uint8_t)(z->ttl_s >> 8), (uint8_t)z->ttl_s, 0, 0};
    uint8_t v4[4] = {10, 0, 0, z->last[i]}, v6[16] = {0xfd, [15] = (uint8_t)(i + 1)};

    head[11] = type == A ? 4 : 16;
    memcpy(out, head, 12);
    memcpy(out + 12, type == A ? v4 : v6, head[11]);
    return 12u + head[11];
}

/* Answers one question. */
static void answer(struct zone *z)
{
    uint8_t m[512];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    ssize_t n = recvfrom(z->fd, m, sizeof m, 0, (struct sockaddr *)&from, &len);
    size_t end = 12;

    cr_assert_gt(n, 12);
    z->asked++;
    if (z->silent)
        return;
    bool ours = memcmp(m + 12, "\3api\4test", 9) == 0;
    while (m[end])
        end += m[end] + 1u;
    uint8_t type = m[end + 2];
    end += 5;
    unsigned count = !ours ? 0 : type == A ? z->n4 : z->n6;
    m[2] = 0x84; /* an authoritative answer */
    m[3] = ours ? 0 : 3;
    memset(m + 6, 0, 6);
    m[7] = (uint8_t)count;
    for (unsigned i = 0; i < count; i++)
        end += put_record(m + end, z, type, i);
    cr_assert_eq(sendto(z->fd, m, end, 0, (struct sockaddr *)&from, len), (ssize_t)end);
}

static struct cfg_endpoint endpoint[2];
static struct cfg_cluster cluster = {.name = (char[]){"c"}, .nendpoint = 1, .endpoint = endpoint};
static struct config config = {.ncluster = 1, .cluster = &cluster};

static void configure(struct resolver *r, struct zone *z, const char *host, uint64_t now)
{
    endpoint[0].host = (char *)(uintptr_t)host;
    config.dns = (struct cfg_dns){
        .nserver = 1, .server = &z->at, .min_ttl_ns = 5 * S, .max_ttl_ns = 100 * S, .timeout_ns = 50 * MS};
    cr_assert_eq(resolver_configure(r, &config, now), 0);
}

/* Until nothing is under way any more; true: something has changed. `now` is the resolver's time. */
static bool settle(struct resolver *r, struct zone *z, uint64_t now)
{
    bool changed = false;
    for (unsigned quiet = 0; quiet < 4;) {
        struct pollfd fds[RESOLVER_FDS + 1];
        int timeout;
        unsigned n = resolver_poll(r, fds, now, 30, &timeout);

        fds[n] = (struct pollfd){.fd = z->fd, .events = POLLIN};
        int ready = poll(fds, n + 1, timeout > 30 ? 30 : timeout < 1 ? 1 : timeout);
        if (fds[n].revents)
            answer(z);
        changed |= resolver_process(r, fds, n, now);
        quiet = ready || !resolver_settled(r) ? 0 : quiet + 1;
    }
    return changed;
}

static uint32_t last_byte(const struct resolver *r, uint32_t i)
{
    const struct ip_addr *addr;

    cr_assert_gt(resolver_addresses(r, "api.test", &addr), i);
    return addr[i].b[15];
}

Test(resolver, addresses_of_both_families_by_their_time_to_live)
{
    const struct ip_addr *addr;
    struct resolver *r;
    struct zone z;

    open_zone(&z);
    z.n4 = 2;
    z.n6 = 1;
    memcpy(z.last, (const uint8_t[]){9, 7}, 2);
    cr_assert_eq(resolver_create(&r), 0);
    cr_assert(resolver_settled(r), "there is nothing to ask for");
    configure(r, &z, "api.test", S);
    cr_assert_not(resolver_settled(r));
    cr_assert(settle(r, &z, S));
    cr_assert_eq(resolver_addresses(r, "api.test", &addr), 3);
    cr_assert_eq(last_byte(r, 0), 7, "in order, whatever the order of the answer");
    cr_assert_eq(last_byte(r, 1), 9);
    unsigned asked = z.asked;
    cr_assert_not(settle(r, &z, 60 * S));
    cr_assert_eq(z.asked, asked, "the answer is good still");
    memcpy(z.last, (const uint8_t[]){7, 9}, 2);
    cr_assert_not(settle(r, &z, 62 * S), "the same in another order");
    cr_assert_gt(z.asked, asked, "asked again");
    z.last[0] = 8;
    cr_assert(settle(r, &z, 123 * S));
    cr_assert_eq(last_byte(r, 0), 8);
    resolver_destroy(r);
    close(z.fd);
}

Test(resolver, times_to_live_have_bounds)
{
    struct resolver *r;
    struct zone z;

    open_zone(&z);
    z.n4 = 1;
    z.ttl_s = 0;
    cr_assert_eq(resolver_create(&r), 0);
    configure(r, &z, "api.test", S);
    settle(r, &z, S);
    unsigned asked = z.asked;
    settle(r, &z, 5 * S);
    cr_assert_eq(z.asked, asked, "min_ttl");
    z.ttl_s = 30000;
    settle(r, &z, 7 * S);
    cr_assert_gt(z.asked, asked);
    asked = z.asked;
    settle(r, &z, 106 * S);
    cr_assert_eq(z.asked, asked);
    settle(r, &z, 108 * S);
    cr_assert_gt(z.asked, asked, "max_ttl");
    resolver_destroy(r);
    close(z.fd);
}

Test(resolver, the_last_answer_stays)
{
    const struct ip_addr *addr;
    struct resolver *r;
    struct zone z;

    open_zone(&z);
    z.n4 = 1;
    z.last[0] = 3;
    cr_assert_eq(resolver_create(&r), 0);
    configure(r, &z, "api.test", S);
    settle(r, &z, S);
    z.silent = true;
    cr_assert_not(settle(r, &z, 62 * S), "nobody answers");
    cr_assert_eq(last_byte(r, 0), 3);
    z.silent = false;
    z.n4 = 0;
    cr_assert_not(settle(r, &z, 68 * S), "no addresses");
    cr_assert_eq(last_byte(r, 0), 3);
    z.n4 = 1;
    z.last[0] = 4;
    cr_assert(settle(r, &z, 74 * S));
    cr_assert_eq(last_byte(r, 0), 4);
    configure(r, &z, "api.test", 75 * S);
    cr_assert_eq(last_byte(r, 0), 4, "another configuration with the same name");
    configure(r, &z, "other.test", 76 * S);
    settle(r, &z, 76 * S);
    cr_assert_eq(resolver_addresses(r, "api.test", &addr), 0, "forgotten");
    cr_assert_eq(resolver_addresses(r, "other.test", &addr), 0, "it does not exist");
    cr_assert(resolver_settled(r));
    resolver_destroy(r);
    close(z.fd);
}

Test(resolver, ends_with_questions_under_way)
{
    struct resolver *r;
    struct zone z;

    open_zone(&z);
    cr_assert_eq(resolver_create(&r), 0);
    configure(r, &z, "api.test", S);
    configure(r, &z, "other.test", S);
    resolver_destroy(r);
    close(z.fd);
}

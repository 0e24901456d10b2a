/* The XDP program's life around DPDK's driver; see xdp.h. The program is known by its name in the kernel.
 * No state of its own: everything is asked from the kernel by interface index. */
#include "agent/io/xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_NAME "lacon"
#define MAX_MAPS     16

const char *xdp_program_path(void)
{
    /* Beside the binary (build tree); relative to it (installed anywhere); where it was to be installed. */
    static const char *const places[] = {"/lacon.bpf.o", "/../lib/lacon/lacon.bpf.o"};
    static char path[PATH_MAX + 32];
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);

    while (n > 0 && path[n - 1] != '/')
        n--;
    for (unsigned i = 0; n > 0 && i < sizeof places / sizeof places[0]; i++) {
        strcpy(path + n - 1, places[i]);
        if (access(path, R_OK) == 0)
            return path;
    }
    return access(LACON_XDP_PROGRAM, R_OK) == 0 ? LACON_XDP_PROGRAM : NULL;
}

/* The program attached to a device. */
struct attached {
    int fd;
    uint32_t where; /* XDP_FLAGS_SKB_MODE: in the kernel's common path; else 0 */
    uint32_t map[MAX_MAPS], nmap;
};

/* 0 or -errno; -ENOENT when none or not ours. The caller closes fd. */
static int open_attached(int ifindex, struct attached *a)
{
    LIBBPF_OPTS(bpf_xdp_query_opts, q);
    struct bpf_prog_info info = {.nr_map_ids = MAX_MAPS, .map_ids = (uint64_t)(uintptr_t)a->map};
    uint32_t len = sizeof info;
    int rc = bpf_xdp_query(ifindex, 0, &q);

    if (rc)
        return rc;
    if (q.prog_id == 0)
        return -ENOENT;
    a->where = q.attach_mode == XDP_ATTACHED_SKB ? XDP_FLAGS_SKB_MODE : 0;
    a->fd = bpf_prog_get_fd_by_id(q.prog_id);
    if (a->fd < 0)
        return -errno;
    rc = bpf_obj_get_info_by_fd(a->fd, &info, &len);
    if (rc || strcmp(info.name, PROGRAM_NAME) != 0) {
        close(a->fd);
        return rc ? rc : -ENOENT;
    }
    a->nmap = info.nr_map_ids < MAX_MAPS ? info.nr_map_ids : MAX_MAPS;
    return 0;
}

void xdp_detach(int ifindex)
{
    struct attached a = {.fd = -1};

    if (open_attached(ifindex, &a) != 0)
        return;
    bpf_xdp_detach(ifindex, a.where, NULL);
    close(a.fd);
}

int xdp_make_generic(int ifindex)
{
    struct attached a = {.fd = -1};
    int rc = open_attached(ifindex, &a);

    if (rc)
        return rc;
    if (!a.where) { /* the kernel has a device's program in one of the two places, not in both */
        rc = bpf_xdp_detach(ifindex, 0, NULL);
        if (rc == 0)
            rc = bpf_xdp_attach(ifindex, a.fd, XDP_FLAGS_SKB_MODE, NULL);
    }
    close(a.fd);
    return rc;
}

/* Attaches prog_fd, and takes it off again. */
static int try_attach(int ifindex, int prog_fd, char why[XDP_WHY])
{
    int rc = bpf_xdp_attach(ifindex, prog_fd, XDP_FLAGS_UPDATE_IF_NOEXIST, NULL);

    if (rc) {
        snprintf(why, XDP_WHY, "%s",
                 rc == -EBUSY || rc == -EEXIST ? "another XDP program is attached to the device"
                                               : "the device takes no XDP program");
        return rc;
    }
    bpf_xdp_detach(ifindex, 0, NULL);
    return 0;
}

int xdp_try(const char *path, int ifindex, char why[XDP_WHY])
{
    struct bpf_object *obj = bpf_object__open_file(path, NULL);
    int rc;

    if (!obj) {
        rc = -errno;
        snprintf(why, XDP_WHY, "cannot read %.120s: %s", path, strerror(-rc));
        return rc;
    }
    rc = bpf_object__load(obj);
    if (rc)
        snprintf(why, XDP_WHY, "the kernel refuses the XDP program: %s", strerror(-rc));
    else
        rc = try_attach(ifindex, bpf_program__fd(bpf_object__next_program(obj, NULL)), why);
    bpf_object__close(obj);
    return rc;
}

/* A descriptor of the map with that name, or -errno. Names in the kernel are cut to 15 bytes; ours fit. */
static int map_by_name(const uint32_t maps[], uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++) {
        struct bpf_map_info info = {0};
        uint32_t len = sizeof info;
        int fd = bpf_map_get_fd_by_id(maps[i]);

        if (fd < 0)
            return -errno;
        if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && strcmp(info.name, name) == 0)
            return fd;
        close(fd);
    }
    return -ENOENT;
}

/* map[key] = value of 4 bytes or fewer, by map name. */
static int map_set(const uint32_t maps[], uint32_t n, const char *name, const void *key, const void *value)
{
    int rc, fd = map_by_name(maps, n, name);

    if (fd < 0)
        return fd;
    rc = bpf_map_update_elem(fd, key, value, BPF_ANY) == 0 ? 0 : -errno;
    close(fd);
    return rc;
}

static int fill(const uint32_t maps[], uint32_t nmaps, const struct ip_addr *addr, unsigned n, uint16_t vlan)
{
    const uint32_t zero = 0, tag = vlan;
    const uint8_t one = 1;
    int rc = map_set(maps, nmaps, "lacon_vlan", &zero, &tag);

    for (unsigned i = 0; i < n && rc == 0; i++) {
        if (ip_is_v4(&addr[i]))
            rc = map_set(maps, nmaps, "lacon_addr4", addr[i].b + 12, &one);
        else
            rc = map_set(maps, nmaps, "lacon_addr6", addr[i].b, &one);
    }
    return rc;
}

int xdp_set_addresses(int ifindex, const struct ip_addr *addr, unsigned n, uint16_t vlan)
{
    struct attached a = {.fd = -1};
    int rc = open_attached(ifindex, &a);

    if (rc)
        return rc;
    rc = fill(a.map, a.nmap, addr, n, vlan);
    close(a.fd);
    return rc;
}

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

/* The program attached to the device: a descriptor and its maps, or -errno; -ENOENT when none or not ours. */
static int open_attached(int ifindex, uint32_t maps[MAX_MAPS], uint32_t *nmaps)
{
    struct bpf_prog_info info = {.nr_map_ids = MAX_MAPS, .map_ids = (uint64_t)(uintptr_t)maps};
    uint32_t id = 0, len = sizeof info;
    int fd, rc;

    rc = bpf_xdp_query_id(ifindex, 0, &id);
    if (rc)
        return rc;
    if (id == 0)
        return -ENOENT;
    fd = bpf_prog_get_fd_by_id(id);
    if (fd < 0)
        return -errno;
    rc = bpf_obj_get_info_by_fd(fd, &info, &len);
    if (rc || strcmp(info.name, PROGRAM_NAME) != 0) {
        close(fd);
        return rc ? rc : -ENOENT;
    }
    *nmaps = info.nr_map_ids < MAX_MAPS ? info.nr_map_ids : MAX_MAPS;
    return fd;
}

void xdp_detach(int ifindex)
{
    uint32_t maps[MAX_MAPS], n;
    int fd = open_attached(ifindex, maps, &n);

    if (fd < 0)
        return;
    bpf_xdp_detach(ifindex, 0, NULL);
    close(fd);
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
    uint32_t maps[MAX_MAPS], nmaps = 0;
    int rc, fd = open_attached(ifindex, maps, &nmaps);

    if (fd < 0)
        return fd;
    rc = fill(maps, nmaps, addr, n, vlan);
    close(fd);
    return rc;
}

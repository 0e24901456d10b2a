/* The XDP program on a shared kernel device: it takes the frames that are for lacon's addresses and leaves
 * all others to the kernel, so that ssh and everything else on the device live on.
 *
 * lacon's addresses are its own (the kernel has none of them) while the MAC address is the kernel's too, so
 * the choice is made by network address alone: IPv4 and IPv6 by destination, ARP by target protocol address
 * (requests for us and replies to us), neighbour solicitations by target. What cannot be parsed is the
 * kernel's. While no lacon is attached to the socket map, everything passes.
 *
 * Runs in the kernel per received frame. The maps are filled by agent/io/xdp.c; `xsks_map` by DPDK. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/types.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAX_QUEUES 256
#define MAX_ADDRS  256

struct {
    __uint(type, BPF_MAP_TYPE_XSKMAP);
    __uint(max_entries, MAX_QUEUES);
    __type(key, __u32);
    __type(value, __u32);
} xsks_map SEC(".maps");

struct addr4 {
    __u8 b[4];
};

struct addr6 {
    __u8 b[16];
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MAX_ADDRS);
    __type(key, struct addr4);
    __type(value, __u8);
} lacon_addr4 SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, MAX_ADDRS);
    __type(key, struct addr6);
    __type(value, __u8);
} lacon_addr6 SEC(".maps");

/* One entry: the VLAN tag that lacon's frames carry, 0 for none. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} lacon_vlan SEC(".maps");

struct vlan_tag {
    __be16 tci, proto;
};

struct arp_ipv4 {
    __be16 htype, ptype;
    __u8 hlen, plen;
    __be16 op;
    __u8 sha[6], spa[4], tha[6];
    struct addr4 tpa;
} __attribute__((packed));

struct ipv4 {
    __u8 fixed[16];
    struct addr4 dst;
};

struct ipv6 {
    __u8 fixed[6], next, hops;
    struct addr6 src, dst;
};

struct solicitation {
    __u8 type, code;
    __be16 csum;
    __be32 reserved;
    struct addr6 target;
};

#define NEXT_ICMP6             58
#define ICMP6_NEIGHBOR_SOLICIT 135

static __always_inline int is_ours4(const struct addr4 *a)
{
    struct addr4 key = *a;

    return bpf_map_lookup_elem(&lacon_addr4, &key) != 0;
}

static __always_inline int is_ours6(const struct addr6 *a)
{
    struct addr6 key = *a;

    return bpf_map_lookup_elem(&lacon_addr6, &key) != 0;
}

static __always_inline int arp_is_ours(const void *p, const void *end)
{
    const struct arp_ipv4 *arp = p;

    if ((const void *)(arp + 1) > end || arp->ptype != bpf_htons(ETH_P_IP) || arp->plen != 4 ||
        arp->hlen != ETH_ALEN)
        return 0;
    return is_ours4(&arp->tpa);
}

static __always_inline int ipv4_is_ours(const void *p, const void *end)
{
    const struct ipv4 *ip = p;

    return (const void *)(ip + 1) <= end && is_ours4(&ip->dst);
}

/* By destination; a solicitation (RFC 4861 section 4.3) that comes by multicast also by what it asks for. */
static __always_inline int ipv6_is_ours(const void *p, const void *end)
{
    const struct ipv6 *ip = p;
    const struct solicitation *ns = (const void *)(ip + 1);

    if ((const void *)ns > end)
        return 0;
    if (is_ours6(&ip->dst))
        return 1;
    if (ip->dst.b[0] != 0xff || ip->next != NEXT_ICMP6 || (const void *)(ns + 1) > end)
        return 0;
    return ns->type == ICMP6_NEIGHBOR_SOLICIT && is_ours6(&ns->target);
}

/* Steps over the tag when the frame carries the one we want (an untagged interface also takes a priority
 * tag, VID 0). False: the frame is on another VLAN. */
static __always_inline int vlan_is_ours(__be16 *proto, const void **p, const void *end)
{
    const struct vlan_tag *tag = *p;
    __u32 zero = 0, vid = 0;
    const __u32 *want = bpf_map_lookup_elem(&lacon_vlan, &zero);

    if (*proto == bpf_htons(ETH_P_8021Q)) {
        if ((const void *)(tag + 1) > end)
            return 0;
        vid = bpf_ntohs(tag->tci) & 0xfff;
        *proto = tag->proto;
        *p = tag + 1;
    }
    return want && vid == *want;
}

SEC("xdp")
int lacon(struct xdp_md *ctx)
{
    const void *end = (const void *)(long)ctx->data_end;
    const struct ethhdr *eth = (const void *)(long)ctx->data;
    const void *p = eth + 1;
    __be16 proto;
    int ours = 0;

    if (p > end)
        return XDP_PASS;
    proto = eth->h_proto;
    if (!vlan_is_ours(&proto, &p, end))
        return XDP_PASS;
    if (proto == bpf_htons(ETH_P_IP))
        ours = ipv4_is_ours(p, end);
    else if (proto == bpf_htons(ETH_P_IPV6))
        ours = ipv6_is_ours(p, end);
    else if (proto == bpf_htons(ETH_P_ARP))
        ours = arp_is_ours(p, end);
    return ours ? bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS) : XDP_PASS;
}

char lacon_license[] SEC("license") = "Dual BSD/GPL";

/* The XDP program of the generator's devices: every frame goes to the generator. Its map is filled by DPDK.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_XSKMAP);
    __uint(max_entries, 64);
    __type(key, __u32);
    __type(value, __u32);
} xsks_map SEC(".maps");

SEC("xdp")
int loadgen(struct xdp_md *ctx)
{
    return (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_DROP);
}

char loadgen_license[] SEC("license") = "Dual BSD/GPL";

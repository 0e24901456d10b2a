/* interfaces: where packets come in and go out. */
#include "config/sections/sections.h"

static const struct cfg_key address_item = {
    .name = "addresses", .kind = &kind_prefix, ITEM(struct cfg_prefix)};

static const char *const driver_words[] = {"auto", "xdp_generic", "af_packet", NULL};

static const struct cfg_key interface_keys[] = {
    {.name = "name",
     .kind = &kind_text,
     FIELD(struct cfg_interface, name),
     .required = true,
     .judge = judge_name},
    {.name = "device",
     .kind = &kind_target,
     FIELD(struct cfg_interface, target),
     .choice = true,
     .which = CFG_IF_DEVICE},
    {.name = "pci",
     .kind = &kind_target,
     FIELD(struct cfg_interface, target),
     .choice = true,
     .which = CFG_IF_PCI},
    {.name = "memif",
     .kind = &kind_target,
     FIELD(struct cfg_interface, target),
     .choice = true,
     .which = CFG_IF_MEMIF},
    {.name = "vdev",
     .kind = &kind_target,
     FIELD(struct cfg_interface, target),
     .choice = true,
     .which = CFG_IF_VDEV},
    {.name = "addresses",
     LIST(struct cfg_interface, addr, naddr, address_item),
     .required = true,
     .min = 1,
     .max = 16},
    {.name = "gateway", .kind = &kind_gateway, FIELD(struct cfg_interface, gateway4), .which = 4},
    {.name = "gateway6", .kind = &kind_gateway, FIELD(struct cfg_interface, gateway6), .which = 6},
    {.name = "vlan", .kind = &kind_uint, FIELD(struct cfg_interface, vlan), .initial = "0", .max = 4094},
    {.name = "mtu",
     .kind = &kind_mtu,
     FIELD(struct cfg_interface, mtu),
     .initial = "0",
     .min = 576,
     .max = 9000},
    {.name = "driver",
     .kind = &kind_driver,
     FIELD(struct cfg_interface, driver),
     .initial = "auto",
     .words = driver_words},
};
static const struct cfg_section interface_section = {"an interface", KEYS(interface_keys), NULL};
const struct cfg_key interface_item = {
    .name = "interfaces", SECTION(interface_section), ITEM(struct cfg_interface)};

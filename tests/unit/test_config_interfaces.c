/* What is refused of interfaces, and of workers, cores and ports. */
#include "tests/unit/config_rig.h"

static const struct row rows[] = {
    {"two devices",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], pci: \"0000:03:00.0\"}]\n" LISTENERS
         ROUTES CLUSTERS,
     "1:64: an interface cannot have both \"device\" and \"pci\"\n"},
    {"no device", "interfaces: [{name: i, addresses: [10.0.0.2/24]}]\n" LISTENERS ROUTES CLUSTERS,
     "1:14: an interface needs one of device, pci, memif, vdev\n"},
    {"device name",
     "interfaces: [{name: i, device: a/b, addresses: [10.0.0.2/24]}]\n" LISTENERS ROUTES CLUSTERS,
     "1:32: device: must be the name of a network device, such as eth0, not \"a/b\"\n"},
    {"pci address",
     "interfaces: [{name: i, pci: \"03:00\", addresses: [10.0.0.2/24]}]\n" LISTENERS ROUTES CLUSTERS,
     "1:29: pci: must be a PCI address, such as \"0000:03:00.0\", not \"03:00\"\n"},
    {"memif and vdev",
     "interfaces: [{name: i, memif: a b, addresses: [10.0.0.2/24]}, {name: j, vdev: \"\", addresses: "
     "[10.1.0.2/24]}]\n" LISTENERS ROUTES CLUSTERS,
     "1:31: memif: must be a memif socket, such as /run/memif.sock, without spaces, not \"a b\"\n"
     "1:79: vdev: must be a DPDK vdev, such as net_tap0,iface=tap0, without spaces, not \"\"\n"},
    {"driver without device",
     "interfaces: [{name: i, pci: \"0000:03:00.0\", driver: auto, addresses: [10.0.0.2/24]}]\n" LISTENERS
         ROUTES CLUSTERS,
     "1:53: driver: goes with \"device\" only\n"},
    {"driver unknown",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], driver: e1000}]\n" LISTENERS ROUTES
         CLUSTERS,
     "1:72: driver: must be auto, xdp_generic or af_packet, not \"e1000\"\n"},
    {"prefixes",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2, 10.0.0.2/33, 10.0.0.0/24, 10.0.0.255/24, "
     "127.0.0.1/8, 224.0.0.1/4, \"ff02::1/64\", \"::1/128\", \"::ffff:10.0.0.2/120\", "
     "\"fd00::2/129\"]}]\n" LISTENERS ROUTES CLUSTERS,
     "1:50: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"10.0.0.2\"\n"
     "1:60: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"10.0.0.2/33\"\n"
     "1:73: addresses: each item must be an address of one host, such as 10.0.0.2/24 (this names the network "
     "itself, or its broadcast), not \"10.0.0.0/24\"\n"
     "1:86: addresses: each item must be an address of one host, such as 10.0.0.2/24 (this names the network "
     "itself, or its broadcast), not \"10.0.0.255/24\"\n"
     "1:101: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"127.0.0.1/8\"\n"
     "1:114: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"224.0.0.1/4\"\n"
     "1:127: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"ff02::1/64\"\n"
     "1:141: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"::1/128\"\n"
     "1:152: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"::ffff:10.0.0.2/120\"\n"
     "1:175: addresses: each item must be an address and the length of its network, such as 10.0.0.2/24 or "
     "\"fd00::2/64\", not \"fd00::2/129\"\n"},
    {"gateways",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], gateway: \"fd00::1\", gateway6: "
     "10.0.0.1}]\n" LISTENERS ROUTES CLUSTERS,
     "1:73: gateway: must be an IPv4 address, such as 10.0.0.1, not \"fd00::1\"\n"
     "1:94: gateway6: must be an IPv6 address in quotes, such as \"fd00::1\", not \"10.0.0.1\"\n"},
    {"gateway off-link",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], gateway: 10.0.1.1}]\n" LISTENERS ROUTES
         CLUSTERS,
     "1:73: gateway: 10.0.1.1 is in none of the networks of this interface's addresses\n"},
    {"gateway is ours",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], gateway: 10.0.0.2}]\n" LISTENERS ROUTES
         CLUSTERS,
     "1:73: gateway: 10.0.0.2 is an address of lacon's own\n"},
    {"link-local gateway without IPv6",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], gateway6: \"fe80::1\"}]\n" LISTENERS
         ROUTES CLUSTERS,
     "1:74: gateway6: fe80::1 is in none of the networks of this interface's addresses\n"},
    {"vlan and mtu",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24], vlan: 4095, mtu: 575}]\n" LISTENERS
         ROUTES CLUSTERS,
     "1:70: vlan: must be a whole number from 0 to 4094, not \"4095\"\n"
     "1:81: mtu: must be a whole number from 576 to 9000, or 0 for what the device has, not \"575\"\n"},
    {"small mtu with IPv6",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24, \"fd00::2/64\"], mtu: 1279}]\n" LISTENERS
         ROUTES CLUSTERS,
     "1:83: mtu: must be at least 1280 with an IPv6 address, not 1279\n"},
    {"one device twice",
     "interfaces:\n"
     "- {name: i, device: eth0, addresses: [10.0.0.2/24]}\n"
     "- {name: j, device: eth0, addresses: [10.1.0.2/24]}\n" LISTENERS ROUTES CLUSTERS,
     "3:21: another interface is on \"eth0\" with the same vlan, on line 2\n"},
    {"one device, two vlans",
     "interfaces:\n"
     "- {name: i, device: eth0, addresses: [10.0.0.2/24]}\n"
     "- {name: j, device: eth0, vlan: 7, addresses: [10.1.0.2/24]}\n" LISTENERS ROUTES CLUSTERS,
     NULL},
    {"one address twice",
     "interfaces:\n"
     "- {name: i, device: eth0, addresses: [10.0.0.2/24, 10.0.0.2/25]}\n"
     "- {name: j, device: eth1, addresses: [10.0.0.2/24]}\n" LISTENERS ROUTES CLUSTERS,
     "2:52: addresses: 10.0.0.2 is already used on line 2\n"
     "3:39: addresses: 10.0.0.2 is already used on line 2\n"},
    {"interface names",
     "interfaces:\n"
     "- {name: i, device: eth0, addresses: [10.0.0.2/24]}\n"
     "- {name: i, device: eth1, addresses: [10.1.0.2/24]}\n" LISTENERS ROUTES CLUSTERS,
     "3:10: name: another interface is called \"i\", on line 2\n"},
    {"cores and workers", "dpdk: {workers: 2, cores: [1]}\n" REST,
     "1:27: cores: must have as many items as there are workers (2), not 1\n"},
    {"cores repeated", "dpdk: {workers: 3, cores: [1, 2, 1]}\n" REST, "1:34: cores: 1 is listed twice\n"},
    {"few ports", "dpdk: {workers: 2, local_ports: 20000-20030}\n" REST,
     "1:33: local_ports: 20000-20030 are 31 ports, too few for 2 workers (at least 16 for each)\n"},
    {"just enough ports", "dpdk: {workers: 2, local_ports: 20000-20031}\n" REST, NULL},
};

Test(config_interfaces, what_is_refused_and_how)
{
    expect_rows(rows, sizeof rows / sizeof *rows);
}

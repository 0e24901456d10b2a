/* What is refused of listeners. */
#include "tests/unit/config_rig.h"

static const struct row rows[] = {
    {"not ours",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.3:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "2:22: address: 10.0.0.3 is not an address of any of the interfaces\n"},
    {"addresses",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.2\"}\n"
     "- {name: l1, address: \"10.0.0.2:0\"}\n"
     "- {name: l2, address: \"10.0.0.2:65536\"}\n"
     "- {name: l3, address: \"fd00::2:80\"}\n"
     "- {name: l4, address: \"[10.0.0.2]:80\"}\n"
     "- {name: l5, address: \"host:80\"}\n"
     "- {name: l6, address: \"127.0.0.1:80\"}\n"
     "- {name: l7, address: \"*\"}\n"
     "- {name: l8, address: \"[::ffff:10.0.0.2]:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "2:22: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"10.0.0.2\"\n"
     "3:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"10.0.0.2:0\"\n"
     "4:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"10.0.0.2:65536\"\n"
     "5:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"fd00::2:80\"\n"
     "6:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"[10.0.0.2]:80\"\n"
     "7:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"host:80\"\n"
     "8:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"127.0.0.1:80\"\n"
     "9:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", or "
     "\"*:80\" for every address, not \"*\"\n"
     "10:23: address: must be an address and a port, in quotes, such as \"10.0.0.2:80\", \"[fd00::2]:80\", "
     "or \"*:80\" for every address, not \"[::ffff:10.0.0.2]:80\"\n"},
    {"any IPv6 without IPv6",
     "listeners:\n"
     "- {name: l, address: \"[::]:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "2:22: address: no interface has an IPv6 address\n"},
    {"every address",
     "listeners:\n"
     "- {name: l, address: \"*:80\"}\n" INTERFACES ROUTES CLUSTERS,
     NULL},
    {"same address",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.2:80\"}\n"
     "- {name: l1, address: \"10.0.0.2:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "3:23: address: overlaps with that of another listener, on line 2\n"},
    {"any and one",
     "listeners:\n"
     "- {name: l, address: \"0.0.0.0:80\"}\n"
     "- {name: l1, address: \"10.0.0.2:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "3:23: address: overlaps with that of another listener, on line 2\n"},
    {"star and any",
     "listeners:\n"
     "- {name: l, address: \"*:80\"}\n"
     "- {name: l1, address: \"0.0.0.0:80\"}\n" INTERFACES ROUTES CLUSTERS,
     "3:23: address: overlaps with that of another listener, on line 2\n"},
    {"other port",
     "listeners:\n"
     "- {name: l, address: \"0.0.0.0:80\"}\n"
     "- {name: l1, address: \"10.0.0.2:81\"}\n" INTERFACES ROUTES CLUSTERS,
     NULL},
    {"families side by side",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24, \"fd00::2/64\"]}]\n"
     "listeners:\n"
     "- {name: l, address: \"0.0.0.0:80\"}\n"
     "- {name: l1, address: \"[::]:80\"}\n"
     "- {name: l2, address: \"[fd00::2]:81\"}\n" ROUTES CLUSTERS,
     NULL},
    {"star takes IPv6, too",
     "interfaces: [{name: i, device: eth0, addresses: [10.0.0.2/24, \"fd00::2/64\"]}]\n"
     "listeners:\n"
     "- {name: l, address: \"*:80\"}\n"
     "- {name: l1, address: \"[fd00::2]:80\"}\n" ROUTES CLUSTERS,
     "4:23: address: overlaps with that of another listener, on line 3\n"},
    {"in local ports",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.2:10000\"}\n" INTERFACES ROUTES CLUSTERS,
     "2:22: address: port 10000 is one of dpdk's local_ports (10000-60999)\n"},
    {"listener names",
     "listeners:\n"
     "- {name: l, address: \"10.0.0.2:80\"}\n"
     "- {name: l, address: \"10.0.0.2:81\"}\n"
     "- {name: l, address: \"10.0.0.2:82\"}\n" INTERFACES ROUTES CLUSTERS,
     "3:10: name: another listener is called \"l\", on line 2\n"
     "4:10: name: another listener is called \"l\", on line 2\n"},
};

Test(config_listeners, what_is_refused_and_how)
{
    expect_rows(rows, sizeof rows / sizeof *rows);
}

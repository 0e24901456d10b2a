/* Interfaces of a double of a NIC for the tests of the provider rte_flow; rules and segments are
 * rule_rig.h's. */
#ifndef LACON_TESTS_UNIT_FLOW_RIG_H
#define LACON_TESTS_UNIT_FLOW_RIG_H

#include "accel/accel.h"
#include "tests/double/double.h"
#include "tests/unit/rule_rig.h"

/* Two interfaces: DPDK's ports 7 (clients) and 9 (endpoints). */
__attribute__((unused)) static const struct accel_port rig_port[2] = {{.name = "front", .id = 7},
                                                                      {.name = "back", .id = 9}};

#endif

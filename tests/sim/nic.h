/* nic: the provider rte_flow in the simulator: the real one, on a device of tests/double between the wire and
 * the worker. What it carries is rewritten by the rules that were recorded, not by accel/plain.c. */
#ifndef LACON_SIM_NIC_H
#define LACON_SIM_NIC_H

#include "accel/accel.h"

/* Profiles: NULL, a queue whose jobs take effect after half a millisecond and are answered after one;
 * "faulty", the same, but jobs fail, are answered twice, or never; "sync", rules one by one; "old", the same
 * without MODIFY_FIELD and indirect counters. */
extern const struct accel_provider nic_rte_flow;

/* A new device, of the next lacon. */
void nic_begin(void);

/* It is gone, and its rules with it; each call that is made to it says so. */
void nic_lose(void);

/* Of the device since then: how it was asked in a way that it may not be; NULL: never. */
const char *nic_complaint(void);

#endif

/* options: what the user says: on the command line as --key VALUE or --key=VALUE, and job by job on standard
 * input as key=value. */
#ifndef LOADGEN_OPTIONS_H
#define LOADGEN_OPTIONS_H

#include "bench/loadgen/client.h"

struct options {
    /* the bed: command line only */
    const char *client_port, *endpoint_port, *eal;
    uint32_t address;           /* ours on the client's port, host order */
    uint32_t clients, nclients; /* host order; a power of two of them */
    uint32_t next_hop;          /* as on the wire; 0: next_hop_mac */
    uint8_t next_hop_mac[6];
    uint32_t endpoint_ip, nendpoints; /* host order */
    uint16_t endpoint_tcp;            /* as on the wire */
    uint32_t max_connections, max_endpoint_connections;
    uint32_t buffers, frame, memory_mib;
    bool huge, swapped, sleep, jobs;
    /* a job */
    struct job job;
    uint16_t mss;
    uint32_t window, ack_every;
    enum verify verify;
    bool trust_sums;
    uint64_t rto_ns;
};

extern const char options_usage[];

void options_default(struct options *o);
/* False: said on stderr. */
bool options_command_line(struct options *o, int argc, char **argv);
/* Splits and takes a line of key=value; only a job's keys. */
bool options_line(struct options *o, char *line);

#endif

/* pcap: writes a run's frames as a nanosecond pcap file that Wireshark and tcpdump read. */
#ifndef SIM_PCAP_H
#define SIM_PCAP_H

#include <stdint.h>

struct pcap;

/* NULL when the file cannot be made. close(NULL) is legal. */
struct pcap *pcap_open(const char *path);
void pcap_write(struct pcap *p, uint64_t now_ns, const uint8_t *frame, uint32_t n);
void pcap_close(struct pcap *p);

#endif

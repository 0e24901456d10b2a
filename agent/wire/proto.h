/* Numbers of the protocols that wire parses and builds. Internal to agent/wire. */
#ifndef LACON_WIRE_PROTO_H
#define LACON_WIRE_PROTO_H

#define ETHERTYPE_IP4  0x0800
#define ETHERTYPE_ARP  0x0806
#define ETHERTYPE_VLAN 0x8100
#define ETHERTYPE_IP6  0x86dd

#define PROTO_ICMP  1
#define PROTO_TCP   6
#define PROTO_ICMP6 58

#define ETH_LEN  14u
#define VLAN_LEN 4u
#define ARP_LEN  28u /* for IPv4 over Ethernet, RFC 826 */
#define IP4_LEN  20u
#define IP6_LEN  40u
#define TCP_LEN  20u
#define ICMP_LEN 8u

#define IP4_DF       0x4000
#define IP4_FRAGMENT 0x3fff /* more fragments, or an offset */

#define TCP_FLAGS 0x3f /* FIN to URG; ECN's two are not negotiated and not ours to carry */

/* Option kinds: RFC 9293 section 3.1, RFC 7323 section 2.2, RFC 2018 sections 2 and 3. */
#define TCPOPT_END     0
#define TCPOPT_NOP     1
#define TCPOPT_MSS     2
#define TCPOPT_WSCALE  3
#define TCPOPT_SACK_OK 4
#define TCPOPT_SACK    5

#endif

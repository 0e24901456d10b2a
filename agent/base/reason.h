/* Every exit that does not forward a packet, and every end of a connection, has exactly one name here. The
 * enum, the names and the counters come from this one list; `laconctl counters` prints them. Add a line, use
 * it.
 *
 *   X(enum suffix, "name in laconctl", "what it means") */
#ifndef LACON_BASE_REASON_H
#define LACON_BASE_REASON_H

#include <stdint.h>

#define REASONS(X)                                                                                           \
    X(NONE, "none", "no reason: go on")                                                                      \
    /* frames that leave at the parser */                                                                    \
    X(DROP_SHORT, "drop_short", "frame shorter than its headers say")                                        \
    X(DROP_ETHERTYPE, "drop_ethertype", "not IPv4, IPv6 or ARP")                                             \
    X(DROP_VLAN, "drop_vlan", "VLAN tag is not this interface's")                                            \
    X(DROP_DMAC, "drop_dmac", "destination MAC is not ours")                                                 \
    X(DROP_IP_HEADER, "drop_ip_header", "bad IP version, header length or total length")                     \
    X(DROP_IP_CSUM, "drop_ip_checksum", "IPv4 header checksum is wrong")                                     \
    X(DROP_IP_OPTIONS, "drop_ip_options", "IPv4 options or IPv6 extension headers")                          \
    X(DROP_IP_FRAGMENT, "drop_ip_fragment", "IP fragment")                                                   \
    X(DROP_IP_PROTO, "drop_ip_protocol", "neither TCP nor ICMP")                                             \
    X(DROP_IP_SOURCE, "drop_ip_source", "source is multicast, broadcast, loopback or ours")                  \
    X(DROP_NOT_OURS, "drop_not_ours", "destination address is not ours")                                     \
    X(DROP_TCP_HEADER, "drop_tcp_header", "bad TCP data offset or impossible flags")                         \
    X(DROP_TCP_OPTIONS, "drop_tcp_options", "TCP options that do not parse")                                 \
    X(DROP_L4_CSUM, "drop_l4_checksum", "TCP or ICMP checksum is wrong")                                     \
    X(DROP_ARP, "drop_arp", "ARP that is malformed or not for us")                                           \
    X(DROP_ICMP, "drop_icmp", "ICMP that is malformed or of no interest")                                    \
    X(DROP_ND, "drop_nd", "neighbour discovery that fails RFC 4861's checks")                                \
    X(DROP_RATE, "drop_rate", "answer suppressed by a rate limit")                                           \
    X(DROP_NO_NEIGHBOUR, "drop_no_neighbour", "next hop is not resolved yet")                                \
    X(DROP_NO_ROUTE, "drop_no_route", "no interface leads to the destination")                               \
    X(DROP_NO_FRAME, "drop_no_frame", "out of frame buffers")                                                \
    X(DROP_TX_FULL, "drop_tx_full", "the transmit ring is full")                                             \
    X(DROP_HANDOVER_FULL, "drop_handover_full", "ring to the owning worker is full")                         \
    /* segments that leave at TCP */                                                                         \
    X(DROP_NO_LISTENER, "drop_no_listener", "no listener on that address and port")                          \
    X(DROP_DENIED, "drop_denied", "new connection of a client that the listener's lists refuse")             \
    X(DROP_NO_CONN, "drop_no_conn", "segment of no known connection")                                        \
    X(DROP_DRAINING, "drop_draining", "new connection while draining")                                       \
    X(DROP_TABLE_FULL, "drop_table_full", "connection table is full")                                        \
    X(DROP_NO_BUFFER, "drop_no_buffer", "kept-byte pool is full, or this connection's share of it")          \
    X(DROP_OVERLOAD, "drop_overload", "new connection while memory runs short")                              \
    X(DROP_CLIENT_SHARE, "drop_client_share", "new connection beyond its client's share")                    \
    X(DROP_CLIENT_RATE, "drop_client_rate", "new connection beyond a rate limit")                            \
    X(DROP_CLIENT_BYTES, "drop_client_bytes", "bytes beyond what is kept for one client")                    \
    X(DROP_TOMBSTONE, "drop_tombstone", "late duplicate for a closed connection")                            \
    X(DROP_SEQ, "drop_seq", "sequence number outside the window")                                            \
    X(DROP_ACK, "drop_ack", "acknowledges what was never sent")                                              \
    X(DROP_NO_ACK, "drop_no_ack", "segment without ACK on an open connection")                               \
    X(DROP_RST_SEQ, "drop_rst_seq", "RST that fails RFC 5961")                                               \
    X(DROP_SYN_OPEN, "drop_syn_open", "SYN on an open connection (RFC 5961)")                                \
    X(DROP_OLD, "drop_old", "bytes already taken; acknowledged again")                                       \
    X(DROP_HORIZON, "drop_horizon", "bytes beyond what framing allows and beyond what we hold (S2)")         \
    X(DROP_WINDOW, "drop_window", "bytes beyond the receiver's window; their sender will repeat them")       \
    X(DROP_CONNECTING, "drop_connecting", "answer to a SYN that is not acceptable; tried again")             \
    X(CONSUMED, "consumed", "taken by lacon itself: acknowledgements, heads, control packets")               \
    /* why a connection ended */                                                                             \
    X(CLOSE_NORMAL, "close_normal", "both sides finished")                                                   \
    X(CLOSE_PEER_RESET, "close_peer_reset", "the peer sent RST")                                             \
    X(CLOSE_OTHER_RESET, "close_other_reset", "the other side of the exchange was reset")                    \
    X(CLOSE_IDLE, "close_idle", "keep-alive idle timeout")                                                   \
    X(CLOSE_HEAD_TIMEOUT, "close_head_timeout", "request head did not arrive in time")                       \
    X(CLOSE_PROXY_HEADER, "close_proxy_header", "PROXY header is missing, malformed or late")                \
    X(CLOSE_MIRROR, "close_mirror", "a mirrored request is over, or was not answered in time")               \
    X(CLOSE_STALL, "close_stall", "no progress within the stall timeout")                                    \
    X(CLOSE_REQUEST_TIMEOUT, "close_request_timeout", "request and response took longer than they may")      \
    X(CLOSE_QUEUE, "close_queue", "request waited too long for room at an endpoint, or too many did")        \
    X(CLOSE_RETRY, "close_retry", "response not passed on: the request is tried elsewhere")                  \
    X(CLOSE_SLOW_REQUEST, "close_slow_request", "request came slower than the minimum rate")                 \
    X(CLOSE_SLOW_READER, "close_slow_reader", "response was taken slower than the minimum rate")             \
    X(CLOSE_SHED, "close_shed", "client without a request closed while memory runs short")                   \
    X(CLOSE_OVERLOAD, "close_overload",                                                                      \
      "request answered 503 while memory runs short, or as its head found none")                             \
    X(CLOSE_CLIENT_SHARE, "close_client_share",                                                              \
      "connection beyond its client's share, made on two workers at once")                                   \
    X(CLOSE_RETRANSMIT, "close_retransmit", "peer stopped acknowledging bytes of ours")                      \
    X(CLOSE_LINGER, "close_linger", "linger timeout after a final response")                                 \
    X(CLOSE_CONNECT_REFUSED, "close_connect_refused", "endpoint refused the connection")                     \
    X(CLOSE_CONNECT_TIMEOUT, "close_connect_timeout", "endpoint did not answer the handshake")               \
    X(CLOSE_UNREACHABLE, "close_unreachable", "ICMP said unreachable while connecting")                      \
    X(CLOSE_POOL_PEER, "close_pool_peer", "endpoint closed an idle pooled connection")                       \
    X(CLOSE_POOL_IDLE, "close_pool_idle", "pooled connection aged out")                                      \
    X(CLOSE_POOL_FULL, "close_pool_full", "pooled connection for one client gave way to another's")          \
    X(CLOSE_POOL_DATA, "close_pool_data", "endpoint sent bytes on an idle connection")                       \
    X(CLOSE_BYTES_DIFFER, "close_bytes_differ", "retransmission with other bytes than were judged (S1)")     \
    X(CLOSE_BAD_REQUEST, "close_bad_request", "request refused by the parser")                               \
    X(CLOSE_BAD_RESPONSE, "close_bad_response", "response refused by the parser")                            \
    X(CLOSE_TRUNCATED, "close_truncated", "message ended before its framing did")                            \
    X(CLOSE_EARLY, "close_early", "final response before the request was complete (S10)")                    \
    X(CLOSE_NOT_REUSABLE, "close_not_reusable", "endpoint connection may not carry another request")         \
    X(CLOSE_CHECKED, "close_checked", "check of an endpoint is over")                                        \
    X(CLOSE_DRAIN, "close_drain", "closed because lacon is draining")                                        \
    X(CLOSE_NO_MEMORY, "close_no_memory", "closed because a pool was empty")                                 \
    X(CLOSE_NO_ENDPOINT, "close_no_endpoint", "no endpoint could be asked")                                  \
    X(CLOSE_NO_PORT, "close_no_port", "no local port left for this endpoint")                                \
    X(CLOSE_EVICTED, "close_evicted", "TIME_WAIT or idle endpoint entry given up for a new connection")

enum reason {
#define X(id, name, text) R_##id,
    REASONS(X)
#undef X
        R_MAX
};

/* Static strings; NULL never. */
const char *reason_name(enum reason r);
const char *reason_text(enum reason r);

#endif

/* Every row: its function and its name. */
#ifndef SIM_ROWS_ALL_H
#define SIM_ROWS_ALL_H

#include "tests/sim/row.h"

#define ROWS(X)                                                                                              \
    X(s1_other_bytes, "S1 retransmission with other bytes in a response's head resets both")                 \
    X(s1_other_bytes_acked, "S1 other bytes in a request's head that was acked change nothing")              \
    X(s1_other_bytes_request, "S1 a request head repeated with other bytes resets both")                     \
    X(s1_other_bytes_held, "S1 other bytes in a held part of a head reset the client")                       \
    X(s1_kept_head, "S1 a head retransmitted with body comes from the kept bytes")                           \
    X(s1_chunk_line, "S1 other bytes in a chunk-size line reset both")                                       \
    X(s1_body_free, "S1 body bytes are not compared")                                                        \
    X(s1_urg, "S1 URG and the urgent pointer are cleared")                                                   \
    X(s2_chunk_horizon, "S2 a chunk behind a gap waits")                                                     \
    X(s2_length_ooo, "S2 body of known length passes behind a gap")                                          \
    X(s2_beyond_response, "S2 bytes beyond the response reach nobody")                                       \
    X(s3_pipelined, "S3 pipelined second request waits")                                                     \
    X(s3_other_cluster, "S3 pipelined requests go to their own clusters")                                    \
    X(s4_small_window, "S4 request to a tiny window, right edge never retreats")                             \
    X(s4_endpoint_sees_client, "S4 the endpoint sees the client's window")                                   \
    X(s4_zero_window, "S4 zero window closes the endpoint's, probes pass")                                   \
    X(s5_ack_above, "S5 ack above sent is not translated")                                                   \
    X(s5_old_bytes, "S5 old bytes are acked again by us")                                                    \
    X(s5_dup_acks, "S5 duplicate acks in a copy extent reach the source")                                    \
    X(s5_sack_shifted, "S5 SACK blocks are translated")                                                      \
    X(s5_rate_cap, "S5 however fast a client acks, the endpoint's edge moves at max_rate")                   \
    X(s5_rate_off, "S5 without max_rate the edge follows the client's")                                      \
    X(s6_head_in_two, "S6 head cut in two: first part acked")                                                \
    X(s6_head_bytes, "S6 head in single bytes")                                                              \
    X(s6_out_of_order, "S6 head part behind a gap draws a duplicate ack with SACK")                          \
    X(s7_refused, "S7 refused endpoint: next one")                                                           \
    X(s7_all_refused, "S7 all endpoints refuse: own 50x, connection stays usable")                           \
    X(s7_pool_reset, "S7 pooled conn reset: retried")                                                        \
    X(s7_pool_fin, "S7 pooled conn closed: not used")                                                        \
    X(s7_post_not_twice, "S7 POST whose endpoint died after a response byte is not retried")                 \
    X(s7_post_repeated, "S7 POST whose body went out twice is not run elsewhere")                            \
    X(s8_adopted, "S8 small response adopted: acked at once, client loss repaired by us")                    \
    X(s8_dup_acks, "S8 three duplicate acks: sent again")                                                    \
    X(s8_pieces, "S8 adopted response in pieces")                                                            \
    X(s8_large, "S8 large response is not adopted")                                                          \
    X(s9_ramp, "S9 a pooled conn of another client starts with ten segments")                                \
    X(s9_same_client, "S9 the client that used the pooled conn last goes on")                                \
    X(s9_own_conn, "S9 a client gets the pooled conn back that it used last")                                \
    X(s9_rtt_class, "S9 a pooled conn whose last client was as far away is preferred")                       \
    X(s10_413_early, "S10 413 early")                                                                        \
    X(s10_client_fin, "S10 client FIN after a request still gets the response")                              \
    X(s10_client_fin_idle, "S10 client FIN while idle")                                                      \
    X(s10_until_close, "S10 read until close ends with FIN")                                                 \
    X(s10_truncated, "S10 endpoint FIN inside a body resets the client")                                     \
    X(s10_endpoint_rst, "S10 endpoint RST inside a body resets the client")                                  \
    X(s10_client_rst, "S10 client RST inside a body resets the endpoint")                                    \
    X(s10_rst_blind, "S10 RST inside the window draws a challenge ack")                                      \
    X(s10_rst_outside, "S10 RST outside the window is ignored")                                              \
    X(s10_syn_open, "S10 SYN on an open connection draws a challenge ack")                                   \
    X(s11_flood, "S11 SYN flood, cookies")                                                                   \
    X(s11_syn_again, "S11 SYN again: the same SYN-ACK")                                                      \
    X(s11_forged_ack, "S11 forged handshake ack is reset")                                                   \
    X(s11_no_listener, "S11 SYN to a closed port is reset")                                                  \
    X(s12_bare_ack, "S12 bare ACK to SYN is reset and retried")                                              \
    X(s12_syn_lost, "S12 lost SYN is repeated")                                                              \
    X(s13_client, "S13 too big on the path to a client: its segments are cut, nobody else hears of it")      \
    X(s13_remembered, "S13 the next conn of that client is cut from the start")                              \
    X(s13_not_in_flight, "S13 too big about bytes that are not in flight is ignored")                        \
    X(s13_endpoint, "S13 too big on the path to an endpoint is told to the client")                          \
    X(s13_kept, "S13 a kept head is sent again at once, cut the same each time")                             \
    X(s14_options, "S14 options: nothing but MSS, window scale, SACK-permitted")                             \
    X(s14_no_wscale, "S14 no window scale asked: none given")                                                \
    X(s14_no_sack, "S14 SACK not permitted: none sent, none to the endpoint")                                \
    X(s14_profile, "S14 endpoint MSS by profile")                                                            \
    X(http_two_lengths, "HTTP two Content-Lengths: 400 and close")                                           \
    X(http_404, "HTTP unknown host: 404")                                                                    \
    X(http_100, "HTTP 100 Continue passes")                                                                  \
    X(http_upgrade, "HTTP 101 opens a tunnel")                                                               \
    X(http_unasked, "HTTP bytes on an idle endpoint conn reset it")                                          \
    X(http_unasked_gap, "HTTP bytes behind a gap on an idle endpoint conn reset it")

#define X(fn, name) void fn(struct script *s);
ROWS(X)
#undef X

#endif

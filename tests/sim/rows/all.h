/* Every row: its function and its name. */
#ifndef SIM_ROWS_ALL_H
#define SIM_ROWS_ALL_H

#include "tests/sim/row.h"

#define ROWS(X)                                                                                              \
    X(routing_reply_pipelined, "a fixed reply before and behind a pipelined request to a cluster")           \
    X(routing_redirect, "a redirect of a head in two parts, and of an upload that is not waited for")        \
    X(reply_date, "the Date of lacon's own replies, also when the clock is set")                             \
    X(discard_length, "a body that nobody gets is thrown away, and the connection goes on")                  \
    X(discard_chunked, "likewise one of chunks")                                                             \
    X(discard_reordered, "likewise one whose segments come in another order")                                \
    X(discard_long, "a body that nobody gets, longer than is thrown away: closed")                           \
    X(discard_broken, "a body that nobody gets, malformed, cut short or never sent: closed")                 \
    X(discard_expected, "a body that waits for 100 Continue, and nobody gets it: closed")                    \
    X(discard_drain, "a drain while a body is thrown away: closed behind it")                                \
    X(discard_refused, "a body whose endpoint can't be connected to is thrown away")                         \
    X(routing_split, "a rule with several clusters")                                                         \
    X(edits_response_grows,                                                                                  \
      "a response head that grows by two segments; sent again as it was; acks behind it")                    \
    X(edits_request_shrinks, "acks of a body behind a request head that shrinks")                            \
    X(edits_forwarded, "a client is who a trusted proxy says, and nobody else")                              \
    X(edits_without_log, "what edits may ask of a request is known though nothing is logged")                \
    X(edits_affinity, "a cookie keeps a client with its endpoint, and is not shown to it")                   \
    X(edits_affinity_down, "a cookie's endpoint refuses: another one's cookie is set")                       \
    X(offload_boundary, "an engine carries a response, but not its boundary")                                \
    X(offload_pipelined, "a request is pipelined while an engine carries the response before it")            \
    X(offload_reset, "a client resets while an engine carries its response")                                 \
    X(offload_endpoint_rst, "an endpoint resets while an engine carries its response")                       \
    X(offload_endpoint_fin, "an endpoint ends in the middle of a response that an engine carries")           \
    X(offload_client_fin, "a client half-closes while an engine carries its response")                       \
    X(offload_device_lost, "a device is lost while it carries a response")                                   \
    X(offload_hole, "a segment is lost before it reaches the engine, which has sent those behind it")        \
    X(offload_no_room, "a client with less room than the endpoint was let send gets no rule")                \
    X(offload_narrow, "a client with room for less than a unit is shown none while a rule exists")           \
    X(offload_port_kept, "R5 the port of an endpoint's conn that ended is used when its rule is gone")       \
    X(offload_asked_until_in,                                                                                \
      "a rule asked for: software sends until it is in effect, the engine before it is told")                \
    X(offload_asked_any_order,                                                                               \
      "a rule asked for: what is behind a hole by software, what fills it by the engine")                    \
    X(offload_asked_pipelined, "requests pipelined before a rule is in effect, and before it is told")       \
    X(offload_leaving_until_gone,                                                                            \
      "a removal asked for: the engine sends until it has effect, software before it is told")               \
    X(offload_leaving_any_order,                                                                             \
      "a removal asked for: what is behind a hole by the engine, what fills it by software")                 \
    X(offload_leaving_pipelined, "requests pipelined before a removal has effect, and before it is told")    \
    X(offload_evicts, "the slowest flow on a full table gives way to one twice as fast")                     \
    X(offload_watched, "a fast flow is found where slow ones have taken all places to watch from")           \
    X(offload_ahead, "a slow engine is asked to remove a rule so early that nobody waits")                   \
    X(offload_slow_reader, "a client that an engine carried is reset when it reads too slowly")              \
    X(offload_slow_rate,                                                                                     \
      "a client that an engine carried is reset when it takes less than its listener wants")                 \
    X(offload_window_kept, "R4 what a client was promised before a rule is taken while there is one")        \
    X(policy_least_conn, "least_conn passes by the endpoint that has one in flight")                         \
    X(policy_least_conn_client_gone, "least_conn counts no exchange that the client broke off")              \
    X(policy_least_conn_retry, "least_conn counts a retried exchange where it is")                           \
    X(policy_ewma, "ewma leaves an endpoint that was slow once")                                             \
    X(policy_ewma_reload, "ewma knows after a reload who was slow")                                          \
    X(policy_key, "maglev keeps a header value with its endpoint, but while that is down")                   \
    X(s1_other_bytes, "S1 retransmission with other bytes in a response's head resets both")                 \
    X(s1_other_bytes_acked, "S1 other bytes in a request's head that was acked change nothing")              \
    X(s1_other_bytes_request, "S1 a request head repeated with other bytes resets both")                     \
    X(s1_other_bytes_held, "S1 other bytes in a held part of a head reset the client")                       \
    X(s1_other_bytes_filled, "S1 other bytes over a held part, in the segment that fills the gap, reset")    \
    X(s1_other_bytes_log, "S1 other bytes end an exchange: the log counts what the client has acked")        \
    X(s1_kept_head, "S1 a head retransmitted with body comes from the kept bytes")                           \
    X(s1_kept_unsent, "S1 a head that found no frame goes out once, when it comes again")                    \
    X(s1_chunk_line, "S1 other bytes in a chunk-size line reset both")                                       \
    X(s1_body_free, "S1 body bytes are not compared")                                                        \
    X(s1_urg, "S1 URG and the urgent pointer are cleared")                                                   \
    X(s2_chunk_horizon, "S2 a chunk behind a gap waits")                                                     \
    X(s2_length_ooo, "S2 body of known length passes behind a gap")                                          \
    X(pool_evicts, "POOL a full table evicts an idle conn, but never the one that is being handled")         \
    X(pool_extents, "POOL extents run out before a long chunk: it waits")                                    \
    X(pool_fin_waits, "POOL an answer that waits for extents is not cut short by its FIN")                   \
    X(s2_beyond_response, "S2 bytes beyond the response reach nobody")                                       \
    X(s2_beyond_large, "S2 bytes beyond a large response: the conn is not used again")                       \
    X(s3_pipelined, "S3 pipelined second request waits")                                                     \
    X(s3_other_cluster, "S3 pipelined requests go to their own clusters")                                    \
    X(s4_small_window, "S4 request to a tiny window, right edge never retreats")                             \
    X(s4_endpoint_sees_client, "S4 the endpoint sees the client's window")                                   \
    X(s4_zero_window, "S4 zero window closes the endpoint's, probes pass")                                   \
    X(s5_ack_above, "S5 ack above sent is not translated")                                                   \
    X(s5_ack_ancient, "S5 data with an ack from long ago is not taken (RFC 5961)")                           \
    X(s5_ack_first_window, "S5 an ack that lags by the window of the handshake")                             \
    X(s5_beyond_window, "S5 a segment beyond the window: its ack counts for nothing")                        \
    X(s5_old_bytes, "S5 old bytes are acked again by us")                                                    \
    X(s5_dup_acks, "S5 duplicate acks in a copy extent reach the source")                                    \
    X(s5_sack_shifted, "S5 SACK blocks are translated")                                                      \
    X(s5_sack_window_grows, "S5 duplicate acks with SACK whose window grows reach the source")               \
    X(s5_dsack, "S5 what the client got twice is told the endpoint")                                         \
    X(s5_sack_four, "S5 four SACK blocks are passed on")                                                     \
    X(s5_sack_with_fin, "S5 a SACK block that reaches over our FIN ends at the body")                        \
    X(s5_rate_cap, "S5 however fast a client acks, the endpoint's edge moves at max_rate")                   \
    X(s5_rate_kept, "S5 max_rate holds over all requests of a connection")                                   \
    X(s5_rate_reload, "S5 a small max_rate that comes by reload binds whom a large one let go unmeasured")   \
    X(s5_rate_ignored, "S5 max_rate holds an endpoint that ignores its window")                              \
    X(s5_rate_off, "S5 without max_rate the edge follows the client's")                                      \
    X(s6_head_in_two, "S6 head cut in two: first part acked")                                                \
    X(s6_head_bytes, "S6 head in single bytes")                                                              \
    X(s6_first_of_many, "S6 the first bytes are taken though as many ranges are held as there can be")       \
    X(s6_out_of_order, "S6 head part behind a gap draws a duplicate ack with SACK")                          \
    X(s7_refused, "S7 refused endpoint: next one")                                                           \
    X(s7_all_refused, "S7 all endpoints refuse: own 50x, connection stays usable")                           \
    X(s7_pool_reset, "S7 pooled conn reset: retried")                                                        \
    X(s7_pool_fin, "S7 pooled conn closed: not used")                                                        \
    X(s7_pool_early, "S7 a response that crosses the request on a pooled conn is not its response")          \
    X(s7_post_not_twice, "S7 POST whose endpoint died after a response byte is not retried")                 \
    X(s7_get_begun, "S7 GET whose endpoint died after a response byte, head not acked: 502")                 \
    X(s7_post_repeated, "S7 POST whose body went out twice is not run elsewhere")                            \
    X(s8_adopted, "S8 small response adopted: acked for its client, client loss repaired by us")             \
    X(s8_dup_acks, "S8 three duplicate acks: sent again")                                                    \
    X(s8_pieces, "S8 adopted response in pieces")                                                            \
    X(s8_large, "S8 large response is not adopted")                                                          \
    X(s8_ack_waits, "S8 the ack of an adopted response waits")                                               \
    X(s8_ack_rides, "S8 the next request carries it")                                                        \
    X(s8_ack_again, "S8 a repeated response is acked at once")                                               \
    X(s8_ack_hasty, "S8 an endpoint that sends again each time is answered at once")                         \
    X(s8_ack_hasty_seldom, "S8 one that does so now and then is not")                                        \
    X(s8_ack_nagle, "S8 an endpoint that may wait for an ack gets it at once")                               \
    X(s8_ack_apart, "S8 head and body apart are acked together toward a far client")                         \
    X(s8_ack_apart_waits, "S8 an endpoint that waits for the head's ack does so once")                       \
    X(s8_ack_apart_slow, "S8 an endpoint whose body takes its time is not taken for one")                    \
    X(s8_ack_more, "S8 segments before the last are acked after the client's round trip")                    \
    X(s8_ack_more_near, "S8 the same, to a near client")                                                     \
    X(s8_ack_more_next, "S8 the same, to one that is just near")                                             \
    X(s8_ack_more_stalls, "S8 an adopted response that stalls is acked")                                     \
    X(s8_ack_far, "S8 no ack waits as long as an endpoint's timeout")                                        \
    X(s8_ack_fin, "S8 a FIN of the endpoint ends the wait")                                                  \
    X(s8_ack_deadline, "S8 each response's ack waits its own time")                                          \
    X(s8_ack_rested, "S8 a conn whose ack is out is preferred for another far client")                       \
    X(s9_ramp, "S9 a pooled conn of another client starts with ten segments")                                \
    X(s9_same_client, "S9 the client that used the pooled conn last goes on")                                \
    X(s9_own_conn, "S9 a client gets the pooled conn back that it used last")                                \
    X(s9_rtt_class, "S9 a pooled conn whose last client was as far away is preferred")                       \
    X(s9_lossy, "S9 a conn that lost bytes serves its own client, no other")                                 \
    X(s9_lossy_share, "S9 conns that lost bytes take half of a pool at most")                                \
    X(s9_lossy_ends, "S9 a conn that lost bytes ends with its client")                                       \
    X(s9_lossy_left, "S9 a conn that lost bytes ends when its client takes another")                         \
    X(s9_lossy_late, "S9 a conn that lost bytes is not kept when its client leaves")                         \
    X(s9_not_nearer, "S9 a far client gets no conn of a near one")                                           \
    X(s9_syn_twin, "S9 toward a far client the SYN goes out twice")                                          \
    X(s9_syn_single, "S9 toward a near client the SYN goes out once")                                        \
    X(s9_syn_twin_lost, "S9 a late SYN-ACK is no twin's")                                                    \
    X(s10_413_early, "S10 413 early")                                                                        \
    X(s10_client_fin, "S10 client FIN after a request still gets the response")                              \
    X(s10_client_fin_idle, "S10 client FIN while idle")                                                      \
    X(s10_until_close, "S10 read until close ends with FIN")                                                 \
    X(s10_truncated, "S10 endpoint FIN inside a body resets the client")                                     \
    X(s10_rst_behind, "S10 an endpoint's RST behind its whole response costs the client nothing")            \
    X(s10_rst_behind_lost,                                                                                   \
      "S10 an endpoint's RST behind its whole response: what the client lacks, nobody has")                  \
    X(s10_rst_behind_early, "S10 an endpoint's RST behind its early response acks nothing that never came")  \
    X(s10_endpoint_rst, "S10 endpoint RST inside a body resets the client")                                  \
    X(s10_reset_in_flight, "S10 a reset has the number that a client expects that has nothing")              \
    X(s10_client_rst, "S10 client RST inside a body resets the endpoint")                                    \
    X(s10_drain, "S10 drain: an exchange under way ends with close, nobody is accepted")                     \
    X(s10_rst_blind, "S10 RST inside the window draws a challenge ack")                                      \
    X(s10_rst_outside, "S10 RST outside the window is ignored")                                              \
    X(s10_syn_open, "S10 SYN on an open connection draws a challenge ack")                                   \
    X(s11_flood, "S11 SYN flood, cookies")                                                                   \
    X(s11_syn_again, "S11 SYN again: the same SYN-ACK")                                                      \
    X(s11_forged_ack, "S11 forged handshake ack is reset")                                                   \
    X(s11_no_listener, "S11 SYN to a closed port is reset")                                                  \
    X(s12_bare_ack, "S12 bare ACK to SYN is reset and retried")                                              \
    X(s12_connect_longer_than_stall, "S12 connect_timeout beyond the listener's stall_timeout: 504")         \
    X(s12_syn_lost, "S12 lost SYN is repeated")                                                              \
    X(s13_client, "S13 too big on the path to a client: its segments are cut, nobody else hears of it")      \
    X(s13_remembered, "S13 the next conn of that client is cut from the start")                              \
    X(s13_not_in_flight, "S13 too big about bytes that are not in flight is ignored")                        \
    X(s13_endpoint, "S13 too big on the path to an endpoint is told to the client")                          \
    X(s13_kept, "S13 a kept head is sent again at once, cut the same each time")                             \
    X(s13_hole_copied, "S13 a path that swallows long segments: the third repetition is cut")                \
    X(s13_hole_burst, "S13 repetitions in a burst count as one")                                             \
    X(s13_hole_kept, "S13 the same for kept bytes")                                                          \
    X(s14_options, "S14 options: nothing but MSS, window scale, SACK-permitted")                             \
    X(s14_no_wscale, "S14 no window scale asked: none given")                                                \
    X(s14_no_sack, "S14 SACK not permitted: none sent, none to the endpoint")                                \
    X(s14_profile, "S14 endpoint MSS by profile")                                                            \
    X(d_slow_head, "defence: a head slower than the minimum rate: 408")                                      \
    X(d_head_fast_enough, "defence: a long head at the minimum rate is taken")                               \
    X(d_slow_body, "defence: a body slower than the minimum rate: 408")                                      \
    X(d_slow_body_gap, "defence: a body in drops, its last byte sent ahead: 408")                            \
    X(d_body_pressed_back, "defence: a body that the endpoint presses back is not slow")                     \
    X(d_slow_endpoint, "defence: a client that waits for its endpoint is not slow")                          \
    X(d_share_head_waits, "defence: a head held back by its client's share is not forgotten")                \
    X(d_refused_came, "defence: what was refused has come again: a client that is slow then is")             \
    X(d_refused_ack_lost,                                                                                    \
      "defence: the ack of what was refused and came again is lost: no blame for a while")                   \
    X(d_refused_beyond, "defence: what was refused has come again, and more: a client that is slow then is") \
    X(d_refused_across, "defence: bytes refused again, and others beyond the hold: not for ever")            \
    X(d_refused_again, "defence: clients that wait for the memory of each other do not for ever")            \
    X(d_window_backs_off, "defence: a client whose bytes its endpoint has no room for may back off")         \
    X(d_window_again, "defence: an endpoint without room for minutes is no fault of the client")             \
    X(d_moved_backs_off, "defence: a client whose endpoint died with its bytes may back off")                \
    X(d_refused_backs_off, "defence: a client whose bytes found no room may back off")                       \
    X(d_refused_while_waiting, "defence: bytes refused while a response before is waited for: no blame")     \
    X(d_slow_reader, "defence: a reader slower than the minimum rate is reset")                              \
    X(d_shut_window, "defence: a reader with a shut window is reset")                                        \
    X(d_slow_adopted, "defence: an adopted response counts until it is acked")                               \
    X(d_tunnel, "defence: tunnels have no minimum rate, but a timeout of their own")                         \
    X(d_share_conns, "defence: connections beyond one client's share are reset")                             \
    X(d_share_trusted, "defence: trusted networks have no share")                                            \
    X(d_share_moves_up, "defence: a full share refuses nothing that the buffer has room for")                \
    X(d_share_one_exceeds, "defence: one connection of a client may exceed its share, one at a time")        \
    X(d_share_exceeder_leaves,                                                                               \
      "defence: a connection that exceeded its client's share leaves that to others")                        \
    X(d_share_exceeded_once, "defence: what exceeds a client's share is bounded")                            \
    X(d_share_pipelined_waits, "defence: for a pipelined head no share is exceeded")                         \
    X(d_share_head_refused, "defence: a head that found no memory in time is answered 503, not 408")         \
    X(d_share_head_came, "defence: a head whose refused bytes came again is answered 408 when it is late")   \
    X(d_share_backs_off,                                                                                     \
      "defence: a pipelined head's refused bytes may come again as late as a TCP's timer says")              \
    X(d_share_passed_on, "defence: a body that a full share can't keep for another try is passed on")        \
    X(d_share_chunks_passed_on, "defence: likewise one of chunks")                                           \
    X(d_share_bytes, "defence: bytes beyond one client's share are dropped")                                 \
    X(d_overload_table, "defence: a full table refuses new clients, then closes idle ones")                  \
    X(d_overload_kept, "defence: kept bytes used up: new requests get 503")                                  \
    X(d_response_waits, "defence: a response waits for memory")                                              \
    X(d_error_waits, "defence: an error that waits for memory counts once against its endpoint")             \
    X(d_body_waits, "defence: a held body waits for memory")                                                 \
    X(d_ack_flood, "defence: a flood of acks leaves resets for others")                                      \
    X(d_ack_flood_endpoint, "defence: a flood of acks leaves resets for endpoints")                          \
    X(d_injected_data, "defence: data with an ack out of range is not passed on")                            \
    X(d_injected_old, "defence: data older than any window is challenged")                                   \
    X(d_challenge_per_conn, "defence: one challenge ack per connection and half second")                     \
    X(d_challenge_in_all, "defence: challenge acks of all connections are limited")                          \
    X(http_two_lengths, "HTTP two Content-Lengths: 400 and close")                                           \
    X(http_bad_head, "HTTP a malformed HEAD: 400 without a body")                                            \
    X(http_404, "HTTP unknown host: 404")                                                                    \
    X(http_max_body, "HTTP more body than max_body: 413")                                                    \
    X(http_max_body_chunked, "HTTP more chunks than max_body: 413")                                          \
    X(http_100, "HTTP 100 Continue passes")                                                                  \
    X(http_upgrade, "HTTP 101 opens a tunnel")                                                               \
    X(tcp_tunnel, "TCP bytes pass both ways, each side closes by itself")                                    \
    X(tcp_large_segments, "tcp: an endpoint may send what the client takes")                                 \
    X(tcp_endpoint_first, "TCP the endpoint may speak first")                                                \
    X(tcp_early_bytes, "TCP bytes and a FIN that come before the endpoint is connected")                     \
    X(tcp_refused, "TCP an endpoint that refuses is passed over")                                            \
    X(tcp_all_refuse, "TCP with no endpoint the client is reset")                                            \
    X(tcp_reset, "TCP a reset goes through")                                                                 \
    X(tcp_idle, "TCP a silent tunnel ends after tunnel_timeout")                                             \
    X(tls_by_name, "TLS a ClientHello in two segments is routed by its name, then all bytes pass")           \
    X(tls_no_route, "TLS a name without a route: alert and close")                                           \
    X(tls_no_hello, "TLS bytes that are no ClientHello: alert and close")                                    \
    X(tls_silent, "TLS half a ClientHello and no more: close after head_timeout")                            \
    X(check_http, "CHECK an HTTP check: what it asks, and that it leaves nothing behind")                    \
    X(check_tcp, "CHECK a TCP check opens a connection and closes it")                                       \
    X(check_pieces, "CHECK an answer in pieces, behind a 100, with what is looked for cut in the middle")    \
    X(check_pieces_reordered, "CHECK an answer in pieces that change places")                                \
    X(check_statuses, "CHECK statuses that are expected and that are not")                                   \
    X(check_body, "CHECK what the body has to hold, by length, in chunks, to the end of the connection")     \
    X(check_body_endless, "CHECK a body without end is read for 64 KiB, and not kept")                       \
    X(check_head_endless, "CHECK a head without end")                                                        \
    X(check_garbage, "CHECK an answer that is not HTTP")                                                     \
    X(check_syn_lost, "CHECK the SYN is lost")                                                               \
    X(check_request_lost, "CHECK the request is lost")                                                       \
    X(check_refused, "CHECK thresholds: failures and passes in a row; the first check decides alone")        \
    X(check_silent, "CHECK an endpoint that does not answer the handshake")                                  \
    X(check_reset, "CHECK an endpoint that resets")                                                          \
    X(check_closed, "CHECK an endpoint that closes in the middle of its answer")                             \
    X(check_late, "CHECK an answer after the timeout does not count")                                        \
    X(check_slow, "CHECK a check that takes longer than the interval")                                       \
    X(check_no_port, "CHECK no local port is left: says nothing of the endpoint")                            \
    X(check_other_port, "CHECK another port")                                                                \
    X(check_proxy, "CHECK where endpoints want PROXY headers a check has one, of nobody")                    \
    X(check_drain, "CHECK lacon drains while a check is under way")                                          \
    X(check_reload, "CHECK reload: what is under way is broken off, the run of failures goes on")            \
    X(check_other_addresses, "CHECK other addresses of a name while one is under way")                       \
    X(check_reload_without, "CHECK reload: without checks nobody is down by them")                           \
    X(check_decides, "CHECK an endpoint that is down gets nothing, whichever worker found out")              \
    X(check_panic, "CHECK below panic_threshold all are asked")                                              \
    X(outlier_failures, "OUTLIER failures in a row, and longer for each ejection in a row")                  \
    X(outlier_5xx, "OUTLIER answers of 5xx in a row")                                                        \
    X(outlier_rate, "OUTLIER a rate of errors within a window")                                              \
    X(outlier_floor, "OUTLIER never the last endpoint")                                                      \
    X(outlier_reload, "OUTLIER a reload does not bring it back")                                             \
    X(check_pardons, "CHECK an endpoint that is found up is asked again at once")                            \
    X(check_all_down, "CHECK when all are down they are asked")                                              \
    X(drained_endpoint, "DRAIN an endpoint ends what is in flight, and gets nothing new")                    \
    X(drained_reload, "DRAIN a drained endpoint stays so over a reload")                                     \
    X(mirror_get, "MIRROR a copy on a connection of its own, whose answer nobody sees")                      \
    X(mirror_body, "MIRROR a body that comes later is copied with its head")                                 \
    X(mirror_dead, "MIRROR a mirror that refuses, resets, is silent holds up nobody")                        \
    X(mirror_lost, "MIRROR a copy that is lost is repaired")                                                 \
    X(mirror_skipped, "MIRROR what is too large or in chunks is not copied, and counted")                    \
    X(mirror_client_gone, "MIRROR a client that goes does not take the copy with it")                        \
    X(proxy_with_request,                                                                                    \
      "PROXY a header and a request in one segment; the name holds for the next request")                    \
    X(proxy_single_bytes, "PROXY a header in single bytes")                                                  \
    X(proxy_cut_in_both, "PROXY a header and a request, each cut in two")                                    \
    X(proxy_reordered, "PROXY a header whose parts come in reverse")                                         \
    X(proxy_other_bytes_acked, "PROXY other bytes over an acked part of a header change nothing")            \
    X(proxy_other_bytes_held, "PROXY other bytes over a held part of a header reset")                        \
    X(proxy_lost, "PROXY a lost header, and a request behind it")                                            \
    X(proxy_never_complete, "PROXY half a header and no more: reset after head_timeout")                     \
    X(proxy_missing, "PROXY a request without a header is reset")                                            \
    X(proxy_too_long, "PROXY 107 bytes without an end are reset")                                            \
    X(proxy_closed_before, "PROXY a client that closes before its header is whole")                          \
    X(proxy_untrusted, "PROXY a header from anybody else is a bad request")                                  \
    X(proxy_local, "PROXY LOCAL keeps the connection's own address")                                         \
    X(proxy_not_accepted, "PROXY a version that is not accepted is reset")                                   \
    X(proxy_tcp, "PROXY a header cut in two before a tcp stream")                                            \
    X(proxy_tls, "PROXY a header and a ClientHello, cut in the hello, in reverse")                           \
    X(proxy_out_per_client, "PROXY a conn with a header serves its client alone, and ends with it")          \
    X(proxy_out_pool_full, "PROXY who has been silent longest makes room in a full pool")                    \
    X(proxy_out_lost, "PROXY a header to an endpoint that is lost comes again")                              \
    X(proxy_out_retry, "PROXY a request that moves gets the next endpoint's own header")                     \
    X(proxy_out_refused, "PROXY an endpoint that refuses: the next one gets header and request")             \
    X(proxy_out_tcp, "PROXY in and out around a tcp stream")                                                 \
    X(reload_in_flight, "reload: an exchange in flight ends as it began, the next one is routed anew")       \
    X(reload_carried_unlimited, "reload: an exchange that was counted, at an endpoint without limits")       \
    X(reload_share_raised, "reload: a head that waits for its client's share goes on with a larger one")     \
    X(reload_limits, "reload: other shares for clients")                                                     \
    X(reload_endpoint_gone, "reload: the pooled conns of an endpoint that is gone are closed")               \
    X(reload_endpoint_stays, "reload: the pooled conns of an endpoint that stays are used")                  \
    X(reload_listener_gone, "reload: clients of a listener that is gone end with their exchange")            \
    X(reload_listener_head, "reload: a head that came in part is served by the new listener")                \
    X(reload_head_limit, "reload: a client from before may send the longer heads that are allowed now")      \
    X(reload_down, "reload: an endpoint that refused is still passed over")                                  \
    X(reload_patience, "reload: what outlives drain_timeout is cut off")                                     \
    X(drain_reload, "drain: a reload does not put off its end")                                              \
    X(addresses_tunnel, "reload: other addresses of a name, a tunnel goes on")                               \
    X(addresses_gone, "reload: other addresses of a name, a tunnel to one that is gone")                     \
    X(drain_patience, "drain: what outlives drain_timeout is cut off")                                       \
    X(http_unasked, "HTTP bytes on an idle endpoint conn reset it")                                          \
    X(http_unasked_gap, "HTTP bytes behind a gap on an idle endpoint conn reset it")                         \
    X(http_many, "HTTP more exchanges on a connection than there are slots")                                 \
    X(wire_fragment, "WIRE an IP fragment is dropped and counted")                                           \
    X(wire_options, "WIRE IPv4 options and IPv6 destination options are dropped and counted")                \
    X(wire_hop_by_hop, "WIRE IPv6 hop-by-hop options are dropped and counted")                               \
    X(wire_bad_sum, "WIRE a wrong TCP checksum is dropped and counted")                                      \
    X(wire_bad_ip_sum, "WIRE a wrong IP header is dropped and counted")                                      \
    X(wire_short, "WIRE a frame shorter than its packet is dropped and counted")                             \
    X(wire_foreign_vlan, "WIRE a foreign VLAN tag is dropped and counted")                                   \
    X(wire_padding, "WIRE Ethernet padding is not payload")                                                  \
    X(wire_fcs, "WIRE trailing bytes are not payload")                                                       \
    X(wire_zero_sum_in, "WIRE a TCP checksum of 0 is right when it is")                                      \
    X(wire_zero_sum_out, "WIRE a TCP checksum that becomes 0")                                               \
    X(wire_vlan_client, "WIRE VLAN on the clients' interface alone")                                         \
    X(wire_vlan_both, "WIRE VLANs on both interfaces")                                                       \
    X(wire_vlan_untagged, "WIRE VLAN interface drops untagged and foreign frames")                           \
    X(wire_vlan_priority, "WIRE VLAN tag with priority is the same VLAN")                                    \
    X(wire_priority_tag, "WIRE priority tag on an untagged interface")                                       \
    X(icmp_host, "ICMP host unreachable while connecting: next endpoint")                                    \
    X(icmp_port, "ICMP port unreachable while connecting: next endpoint")                                    \
    X(icmp_prohibited, "ICMP administratively prohibited while connecting: next endpoint")                   \
    X(icmp_open, "ICMP unreachable on an open connection changes nothing")                                   \
    X(icmp_wrong_seq, "ICMP that quotes another number changes nothing")                                     \
    X(mss_v4_v6, "MSS IPv4 client, IPv6 endpoint: full segments fit")                                        \
    X(mss_v6_v4, "MSS IPv6 client, IPv4 endpoint: full segments fit")                                        \
    X(mss_stubborn, "MSS a client that sends larger segments than it may: cut")                              \
    X(mss_offered, "MSS offered to clients fits both families")                                              \
    X(mss_small_client, "MSS client's below the pooled connection's: another connection, and cut")           \
    X(mss_small_endpoint, "MSS endpoint's below the client's: cut")                                          \
    X(mss_none, "MSS not given: 536 both ways")                                                              \
    X(wscale_client_only, "WSCALE the client's side alone")                                                  \
    X(wscale_endpoint_only, "WSCALE the endpoint's side alone")                                              \
    X(wscale_14, "WSCALE 14 on both sides, windows of one unit")                                             \
    X(wscale_syn_unscaled, "WSCALE the window in a SYN-ACK is not scaled")                                   \
    X(sack_client_only, "SACK the client's side alone")                                                      \
    X(sack_endpoint_only, "SACK not permitted by the client: not offered to the endpoint")                   \
    X(sack_unasked, "SACK permitted unasked is not believed")                                                \
    X(fin_with_request, "S10 client FIN in the request's segment")                                           \
    X(fin_with_body, "S10 client FIN with the last body bytes")                                              \
    X(fin_again, "S10 client FIN repeated")                                                                  \
    X(fin_first, "S10 client FIN before its data")                                                           \
    X(fin_first_with_data, "S10 client FIN with data before what is missing")                                \
    X(fin_first_chunked, "S10 client FIN with the last chunk before the first")                              \
    X(fin_inside_request, "S10 client FIN inside a body resets both")                                        \
    X(endpoint_fin_with_data, "S10 endpoint FIN in the response's segment")                                  \
    X(endpoint_fin_again, "S10 endpoint FIN repeated")                                                       \
    X(endpoint_fin_first, "S10 endpoint FIN before the response")                                            \
    X(endpoint_fin_first_by_one, "S10 endpoint FIN before the last byte of the response")                    \
    X(endpoint_fin_first_with_data, "S10 endpoint FIN with the body before the head")                        \
    X(endpoint_fin_first_until_close, "S10 endpoint FIN before the end of a body that it ends")              \
    X(endpoint_fin_crosses_get, "S7 endpoint's idle FIN crosses a GET: sent elsewhere")                      \
    X(endpoint_fin_crosses_post, "S7 endpoint's idle FIN crosses a POST: sent elsewhere")                    \
    X(endpoint_fin_then_rst, "S7 closed idle conn answers with RST: sent elsewhere")                         \
    X(fin_simultaneous, "S10 both sides say FIN at once")                                                    \
    X(rst_endpoint_inside, "RST of an endpoint inside the window draws a challenge ack")                     \
    X(rst_endpoint_outside, "RST of an endpoint outside the window is ignored")                              \
    X(rst_after_challenge, "RST with the number that the challenge ack asked for")                           \
    X(rst_challenge_rate, "RST challenge acks are limited")                                                  \
    X(rst_pool_exact, "RST on an idle endpoint conn: out of the pool")                                       \
    X(rst_pool_inside, "RST inside the window of an idle endpoint conn is challenged")                       \
    X(rst_connecting, "RST that does not ack the SYN is ignored")                                            \
    X(rst_half_open, "RST of a half-open client with another number is ignored")                             \
    X(rst_half_open_no_ack, "RST for a segment without an ack: not where lacon listens")                     \
    X(rst_half_open_exact, "RST of a half-open client ends it")                                              \
    X(probe_client_idle, "KEEPALIVE of an idle client")                                                      \
    X(probe_client_busy, "KEEPALIVE of a client that waits for its response")                                \
    X(probe_endpoint_idle, "KEEPALIVE of an idle endpoint conn")                                             \
    X(probe_endpoint_waiting, "KEEPALIVE of an endpoint that waits for a body")                              \
    X(probe_endpoint_busy, "KEEPALIVE of an endpoint inside its response")                                   \
    X(late_post, "S11 duplicate of ACK and POST after the close, from the ring")                             \
    X(late_post_flood, "S11 duplicate of ACK and POST after the close, while cookies are made")              \
    X(late_syn_and_post, "S11 duplicate of SYN, ACK and POST after the close")                               \
    X(late_post_cookie, "S11 duplicate of ACK and POST after the close, opened by cookie")                   \
    X(late_post_open, "S11 duplicate of ACK and POST while open, opened by cookie")                          \
    X(ack_lost, "S11 the handshake's ack is lost: data completes it")                                        \
    X(ack_wrong, "S11 acks of other numbers do not complete a handshake")                                    \
    X(accept_time_wait, "S11 new client on a four-tuple in TIME_WAIT")                                       \
    X(accept_time_wait_above, "S11 TIME_WAIT after a large response: the next ISN is above it")              \
    X(connect_time_wait, "S12 endpoint in TIME_WAIT: our SYN is acceptable")                                 \
    X(connect_time_wait_challenged, "S12 endpoint in TIME_WAIT that challenges: reset and again")            \
    X(restart_client, "S12 restart: an old client's segments are reset")                                     \
    X(restart_endpoint, "S12 restart: an old endpoint's segments are reset")                                 \
    X(restart_same_port, "S12 restart: connect on a port that the endpoint still has open")                  \
    X(restart_same_client, "S12 restart: a client comes again on its four-tuple")                            \
    X(ports_exhausted, "PORTS exhausted: 503, counted, and well when one is free")                           \
    X(ports_other_endpoint, "PORTS exhausted toward one endpoint: another is asked")                         \
    X(ports_time_wait, "PORTS exhausted by what is over: its port is used again at once")                    \
    X(ports_idle, "PORTS exhausted by an idle conn of another profile: that gives way")                      \
    X(connect_isn, "S12 a local port used again at once begins 64 Ki above")                                 \
    X(s1_chunk_line_response, "S1 other bytes in a response's chunk-size line reset both")                   \
    X(s1_trailer_response, "S1 other bytes in a response's trailer reset both")                              \
    X(s1_trailer_request, "S1 other bytes in a request's trailer reset both")                                \
    X(s1_same_bytes, "S1 chunks and trailer repeated as they were, cut elsewhere")                           \
    X(s1_chunk_data_free, "S1 data of a chunk is not compared")                                              \
    X(s1_overlap_differs, "S1 other bytes in front of new ones reset both")                                  \
    X(s1_urg_head, "S1 URG in a request's head")                                                             \
    X(s1_urg_response, "S1 URG in a response")                                                               \
    X(s2_chunk_lost_pipelined, "S2 last chunk lost, the next request behind it")                             \
    X(s2_chunk_lost_smuggle, "S2 chunk header lost, a request as data behind it")                            \
    X(s2_chunk_lost_response, "S2 chunk header of a response lost")                                          \
    X(s6_response_head_first_lost, "S6 first part of a response's head lost")                                \
    X(s6_head_first_lost, "S6 first part of a request's head lost, the second repeated")                     \
    X(s6_body_while_connecting, "S6 body while the endpoint's SYN is out: held to W0, in order")             \
    X(s6_body_gap_while_connecting, "S6 body behind a gap while the endpoint's SYN is out")                  \
    X(s7_get_acked, "S7 endpoint dies after acking the head: GET sent elsewhere")                            \
    X(s7_post_acked, "S7 endpoint dies after acking the head: POST gets a 502")                              \
    X(s7_post_acked_fin, "S7 endpoint closes after acking a POST: 502")                                      \
    X(s7_post_acked_by_rst, "S7 endpoint's RST acks the POST: 502")                                          \
    X(s7_post_untouched, "S7 endpoint dies before acking the head: POST sent elsewhere")                     \
    X(s7_post_crossed, "S7 endpoint spoke unasked just when it got a POST: 502, not sent a second time")     \
    X(s7_put_with_body, "S7 endpoint dies after acking a small body: PUT sent elsewhere")                    \
    X(s7_put_chunked, "S7 PUT of chunks, acked, then a reset: all of them go to another endpoint")           \
    X(s7_put_chunked_held, "S7 likewise, where the chunks came before the endpoint")                         \
    X(s7_put_chunked_too_large, "S7 PUT with a chunk beyond the retry buffer, acked: 502")                   \
    X(s7_put_chunked_unacked, "S7 likewise, not acked: it is tried elsewhere")                               \
    X(s7_put_chunked_many, "S7 more chunks than the retry buffer takes are let go")                          \
    X(s7_continue_chunked, "S7 chunks that waited for '100 Continue' are not kept")                          \
    X(s7_continue_length, "S7 nor is a body of known length")                                                \
    X(s7_early_chunked, "S7 chunks that are answered early are not kept any more")                           \
    X(s7_post_chunked, "S7 POST of chunks, acked, then a reset: 502, the rest is thrown away")               \
    X(s7_put_too_large, "S7 endpoint dies after acking a large body: 502")                                   \
    X(s10_413_gigabyte, "S10 413 during a 1 GB upload")                                                      \
    X(s10_forgotten_says, "S10 a client that was forgotten says more and is reset")                          \
    X(s10_forgotten_injected, "S10 a client that was forgotten is not reset by guesses")                     \
    X(s10_forgotten_gap, "S10 a client that was forgotten with a gap before its FIN is reset")               \
    X(s10_forgotten_again, "S10 a client that was forgotten comes again from the same port")                 \
    X(s10_read_late, "S10 a client that has everything and reads it late is not reset")                      \
    X(s10_413_polite, "S10 413 to a client that closes")                                                     \
    X(rto_backoff, "KEPT timeouts double from 200 ms; given up after eight")                                 \
    X(rto_far, "KEPT timeout is three times the handshake's round trip")                                     \
    X(rto_cookie, "KEPT timeout is one second when the handshake's time is unknown")                         \
    X(rto_after_ack, "KEPT an ack ends the backoff")                                                         \
    X(rto_fin, "KEPT our FIN is repeated")                                                                   \
    X(rto_endpoint, "KEPT a request acked to its client is repeated to the endpoint")                        \
    X(rto_endpoint_gives_up, "KEPT a request that no endpoint acks: 502")                                    \
    X(patched_no_timer, "PATCHED a request that its client repairs has no timer of ours")                    \
    X(large_request_head, "KEPT request head of 20 KiB: ten segments in flight")                             \
    X(large_response_head, "KEPT response head of 20 KiB: ten segments in flight")                           \
    X(two_holes, "KEPT third duplicate ack and a partial ack: two holes, no timeout")                        \
    X(rto_slow_start, "KEPT one segment after a timeout, then slow start")                                   \
    X(kept_cut_smaller, "KEPT a segment too big is cut, the same on every resend")                           \
    X(zero_window_never, "KEPT zero window from the start: one byte as probe")                               \
    X(zero_window_answered, "KEPT zero window, probes answered: never given up, resumes at once")            \
    X(zero_window_byte_taken, "KEPT zero window, the probe's byte taken: goes on behind it")                 \
    X(zero_window_unanswered, "KEPT zero window, probes not answered: given up")                             \
    X(zero_window_endpoint, "KEPT zero window of an endpoint: probes, resumes")                              \
    X(wrap_peers, "WRAP peers' numbers at every fourth byte of an exchange")                                 \
    X(wrap_peers_odd, "WRAP peers' numbers at odd bytes of an exchange")                                     \
    X(wrap_request_head_gap, "WRAP inside a request's head behind a gap, and its SACK block")                \
    X(wrap_to_endpoint, "WRAP inside the edited request head")                                               \
    X(wrap_at_head_end, "WRAP at the edge between edited head and body")                                     \
    X(wrap_body_endpoint, "WRAP inside a copied body, endpoint's numbers")                                   \
    X(wrap_body_client, "WRAP inside a copied body, client's numbers")                                       \
    X(wrap_body_both, "WRAP inside a copied body, both")                                                     \
    X(wrap_body_edge, "WRAP where a copied body begins, both")                                               \
    X(wrap_adopted, "WRAP inside an adopted response")                                                       \
    X(wrap_adopted_edge, "WRAP between two segments of an adopted response")                                 \
    X(wrap_sack_client, "WRAP inside a SACK block of the client")                                            \
    X(wrap_sack_endpoint, "WRAP inside a SACK block as the endpoint gets it")                                \
    X(wrap_fin, "WRAP all FINs have number 0")                                                               \
    X(wrap_rst, "WRAP RST with number 0")                                                                    \
    X(s4_no_creep, "S4 the window shown is never more than what can be held")                                \
    X(s4_edge_head, "S4 zero window behind a head, update lost: probe without a byte")                       \
    X(s4_edge_head_byte, "S4 zero window behind a head, update lost: probe with a byte")                     \
    X(s4_edge_chunk, "S4 zero window at a chunk's end, update lost")                                         \
    X(s4_edge_adopted, "S4 zero window inside an adopted response, update lost")                             \
    X(s4_edge_request, "S4 zero window of an endpoint behind a head, update lost")                           \
    X(s4_smaller_after_larger, "S4 a smaller window after a larger one")                                     \
    X(s4_pipelined_smaller, "S4 pipelining into a smaller window after a larger one")                        \
    X(s5_one_ack_held, "S5 the segment that begins a held request is acked once")                            \
    X(s5_one_ack_next, "S5 the segment that ends a request and begins the next is acked once")               \
    X(s5_one_ack_refused, "S5 a refusal that answers two held requests draws one ack")                       \
    X(s5_one_ack_unreachable, "S5 an ICMP error that answers two held requests draws one ack")               \
    X(s5_one_ack_each, "S5 at most one ack for each segment")                                                \
    X(s5_ack_on_edge, "S5 an ack on an extent's edge")                                                       \
    X(s5_sack_across_edge, "S5 a SACK block across chunks stays one")                                        \
    X(s5_sack_behind_head, "S5 SACK blocks behind a lost head: we send it again")                            \
    X(s5_sack_nonsense, "S5 SACK blocks that cannot be are not passed on")                                   \
    X(s7_get_silent, "S7 endpoint falls silent after acking the head: GET sent elsewhere")                   \
    X(s7_post_silent, "S7 endpoint falls silent after acking the head: POST gets a 504")                     \
    X(s7_all_silent, "S7 all endpoints fall silent: 504")                                                    \
    X(syn_with_data, "S11 data in a SYN is not taken")                                                       \
    X(client_reboots, "S11 a client that crashed comes back on its four-tuple")                              \
    X(syn_ack_again, "S12 the endpoint's SYN-ACK again")                                                     \
    X(mss_interface, "MSS a smaller MTU of ours: what goes there is cut")                                    \
    X(mss_interface_offered, "MSS a smaller MTU of ours: told the client")                                   \
    X(s4_edge_chunk_byte, "S4 zero window at a chunk's end, update lost: framing as probe")                  \
    X(train_window, "S4 the window changes in the middle of a train")                                        \
    X(train_blocks, "S5 an ack in the middle of a train has a SACK block")                                   \
    X(train_window_end, "S4 a train passes the receiver's window")                                           \
    X(train_message_end, "S2 a train goes on behind the message")                                            \
    X(train_damaged, "one segment of a train is damaged")                                                    \
    X(train_wraps, "numbers pass 2^32 in the middle of a train")                                             \
    X(s4_upload_probe, "S4 zero window inside an upload: probe without a byte")                              \
    X(s4_upload_probe_byte, "S4 zero window inside an upload: probe with a byte")                            \
    X(s4_upload_probe_chunked, "S4 zero window inside a chunked upload")                                     \
    X(s4_kept_cut, "S4 a kept upload is cut by a small window")                                              \
    X(odd_no_flags, "ODD a segment without flags is dropped and counted")                                    \
    X(odd_syn_fin, "ODD SYN with FIN is dropped and counted")                                                \
    X(odd_offset, "ODD a data offset beyond the segment is dropped and counted")                             \
    X(odd_offset_small, "ODD a data offset inside the header is dropped and counted")                        \
    X(odd_option_length_0, "ODD an option of length 0 is dropped and counted")                               \
    X(odd_option_past_end, "ODD an option that runs past the header is dropped and counted")                 \
    X(odd_ttl_ecn, "S14 TTL and congestion marks are not passed on")                                         \
    X(odd_data_after_fin, "ODD bytes behind the client's FIN are nobody's")                                  \
    X(odd_two_fins, "ODD a second FIN elsewhere does not count")                                             \
    X(odd_many_ranges, "S6 more gaps in a head than there is room for")                                      \
    X(odd_overlaps, "S6 a head in parts that overlap")                                                       \
    X(sack_steers, "S5 SACK blocks steer what we send again: three holes in one round trip")                 \
    X(sack_reordered, "S5 a hole with little behind it is not sent again")                                   \
    X(sack_resend_lost, "S5 a hole is sent again once, then the timer decides")                              \
    X(ack_and_data_lost, "S11 the handshake's ack and the first data are lost")                              \
    X(two_syn_acks_burst, "S11 a cookie and a ring entry for one SYN: the repeated SYN and the ack at once") \
    X(two_syn_acks_first, "S11 a cookie and a ring entry for one SYN: the cookie is acked")                  \
    X(two_syn_acks_second, "S11 a cookie and a ring entry for one SYN: the entry is acked")                  \
    X(rto_endpoint_far, "KEPT timeout toward an endpoint is three times its handshake's round trip")         \
    X(fin_pipelined, "S10 client FIN behind two pipelined requests")                                         \
    X(fin_idle_timeout, "S10 an idle client is closed by FIN")                                               \
    X(s8_pool_short, "S8 nothing is adopted when half of the pool is in use")                                \
    X(s7_post_unheard, "S7 endpoint that never acks a POST: 504, not sent elsewhere")                        \
    X(s4_old_window, "S4 an old segment's window does not count")                                            \
    X(list_denied, "LIMIT a client that a list refuses gets no answer")                                      \
    X(list_allowed, "LIMIT a client that a list allows is served")                                           \
    X(list_denied_ack, "LIMIT a list that comes between SYN-ACK and ACK")                                    \
    X(rate_requests, "LIMIT requests beyond a rate: 429, Retry-After, the connection stays")                 \
    X(rate_pipelined, "LIMIT pipelined requests beyond a rate")                                              \
    X(rate_with_body, "LIMIT a request beyond a rate whose body is still to come")                           \
    X(rate_by_header, "LIMIT a rate for each value of a header")                                             \
    X(rate_reload, "LIMIT a reload does not fill the bucket")                                                \
    X(rate_of_rule, "LIMIT a rule's rate is that rule's alone")                                              \
    X(rate_connections, "LIMIT connections beyond a rate are reset; SYNs take no token")                     \
    X(client_connections, "LIMIT so many connections of one client")                                         \
    X(client_requests, "LIMIT so many requests in flight of one client")                                     \
    X(client_connections_reload, "LIMIT connections that were open before the limit count")                  \
    X(client_connections_renamed, "LIMIT connections of a listener count on when it is renamed")             \
    X(client_requests_renamed, "LIMIT likewise requests in flight")                                          \
    X(client_connections_reload_busy, "LIMIT also those with a request in flight")                           \
    X(client_requests_forwarded, "LIMIT requests in flight go by the client that a trusted proxy names")     \
    X(retry_status, "S7 a status that is to be tried again, with part of its body")                          \
    X(retry_status_in_pieces, "S7 such a status in pieces")                                                  \
    X(retry_status_cut, "S7 a head that ends in the middle while its status may be one")                     \
    X(retry_status_all, "S7 all endpoints give that status: the client gets the last one's")                 \
    X(retry_status_pooled, "S7 such a status on a connection of the pool")                                   \
    X(retry_timeout_pooled, "S7 no answer on a connection of the pool")                                      \
    X(retry_status_counted, "S7 a large one that is passed on counts at its endpoint")                       \
    X(retry_status_other, "S7 a status that is not listed is passed on")                                     \
    X(retry_status_post, "S7 a POST's status is passed on")                                                  \
    X(retry_post_listed, "S7 a POST where the configuration lists it")                                       \
    X(retry_status_after_103, "S7 no retry after an interim response")                                       \
    X(retry_bad_response, "S7 a response that is not HTTP counts as 502")                                    \
    X(retry_not_on_reset, "S7 a condition that is not listed")                                               \
    X(retry_backoff, "S7 a retry waits")                                                                     \
    X(retry_backoff_client_gone, "S7 a client goes while its retry waits")                                   \
    X(retry_budget, "S7 no more retries in flight than the budget")                                          \
    X(time_request, "TIME request_timeout includes retries: 504")                                            \
    X(time_request_response, "TIME request_timeout within a response: reset")                                \
    X(time_of_rule, "TIME a rule's times")                                                                   \
    X(time_tunnel, "TIME a tunnel outlives request_timeout")                                                 \
    X(w_handed_over, "WORKERS all frames reach one of two workers: each flow is served by its owner")        \
    X(w_head_overtaken, "WORKERS the first half of a head is overtaken by the second")                       \
    X(w_fin_overtakes, "WORKERS a FIN overtakes the body before it")                                         \
    X(w_syn_overtakes_rst, "WORKERS a SYN overtakes the reset of the connection before")                     \
    X(w_ring_full, "WORKERS a request that a full ring does not take comes again")                           \
    X(w_ring_full_response, "WORKERS likewise a response")                                                   \
    X(w_too_big_told, "WORKERS packet too big is told to all workers")                                       \
    X(w_queue_room, "WORKERS who waits on one worker gets the room of another's")                            \
    X(queue_fifo, "QUEUE first come, first served; heads are acked while they wait")                         \
    X(queue_full, "QUEUE one more than may wait: 503 at once")                                               \
    X(queue_patience, "QUEUE 503 after queue_timeout")                                                       \
    X(queue_deadline, "QUEUE 504 when the request's own time is over first")                                 \
    X(queue_client_gone, "QUEUE clients that go while they wait")                                            \
    X(queue_truncated, "QUEUE FIN within a body while it waits")                                             \
    X(queue_head_gone, "QUEUE the first one goes while room is made for it")                                 \
    X(queue_holder_reset, "QUEUE the one who had the room is reset")                                         \
    X(queue_endpoint_dies, "QUEUE the endpoint dies under the one who had the room")                         \
    X(queue_body, "QUEUE a body that arrives while its request waits: the window shuts")                     \
    X(queue_pipelined, "QUEUE a pipelined request waits for itself")                                         \
    X(queue_other_bytes, "QUEUE other bytes the second time, while they wait")                               \
    X(queue_tcp, "QUEUE connections of protocol tcp")                                                        \
    X(queue_forgiven, "QUEUE the endpoint that was down may be asked again")                                 \
    X(queue_reload, "QUEUE a reload while somebody waits")                                                   \
    X(queue_reload_raised, "QUEUE a reload lets more requests into the cluster: who waits goes")             \
    X(queue_reload_raised_endpoint, "QUEUE likewise at its endpoint")                                        \
    X(queue_reload_unlimited, "QUEUE a reload takes the limits away: who waits goes")                        \
    X(queue_reload_patience, "QUEUE a reload's patience ends while somebody waits")                          \
    X(queue_fin_answered, "QUEUE FIN while it waits, answered by lacon")                                     \
    X(breaker_of_endpoint, "BREAKER an endpoint's own limit")                                                \
    X(breaker_down_not_asked, "BREAKER full is no reason to ask one that is down")                           \
    X(breaker_connections, "BREAKER connections of an endpoint, idle ones among them")                       \
    X(breaker_cluster_connections, "BREAKER connections of a cluster")                                       \
    X(breaker_retries, "BREAKER retries in flight")                                                          \
    X(list_reload, "LIMIT a list that comes by reload: requests in flight end well, idle clients go")

/* Of the model hosts themselves (rows/model.c). */
#define MODEL_ROWS(X)                                                                                        \
    X(model_initial_window, "MODEL initial window of ten segments, slow start")                              \
    X(model_delayed_ack, "MODEL delayed acks: 40 ms, or the second whole segment")                           \
    X(model_quick_acks, "MODEL quick acks at the beginning")                                                 \
    X(model_nagle, "MODEL Nagle: one small segment in flight")                                               \
    X(model_no_nagle, "MODEL without Nagle small segments go at once")                                       \
    X(model_fast_retransmit, "MODEL fast retransmit after three duplicate acks")                             \
    X(model_sack_recovery, "MODEL recovery by SACK: both holes, nothing else")                               \
    X(model_sack_blocks, "MODEL SACK and D-SACK blocks")                                                     \
    X(model_rto_backoff, "MODEL timeouts double")                                                            \
    X(model_zero_window, "MODEL zero-window probes at snd_una-1, doubled")                                   \
    X(model_idle_restart, "MODEL slow start after idle")                                                     \
    X(model_keepalive, "MODEL keep-alives, given up after nine")                                             \
    X(model_simultaneous_close, "MODEL simultaneous close")                                                  \
    X(model_half_close, "MODEL half-close")                                                                  \
    X(model_rst_validation, "MODEL RST validation (RFC 5961)")                                               \
    X(model_challenges, "MODEL challenge acks for SYNs and old acks (RFC 5961)")                             \
    X(model_time_wait, "MODEL TIME_WAIT acks again, and gives way to a newer SYN")                           \
    X(model_window_scale, "MODEL window scaling both ways")                                                  \
    X(model_path_mtu, "MODEL path MTU discovery without congestion")                                         \
    X(model_black_hole, "MODEL black holes: smaller segments after three timeouts")

#define X(fn, name) void fn(struct script *s);
ROWS(X)
MODEL_ROWS(X)
#undef X

#endif

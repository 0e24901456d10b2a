/* Mutation points: mistakes that can be switched on, one at a time, in a build made for it (LACON_MUTANTS,
 * preset `mutants`), to show that a test notices each of them (tests/mutants). Where a build has none, and a
 * release never has, mutant() is the constant false and leaves no code.
 *
 * A point is one word at the place of the mistake: `a + mutant(ack_off_by_one)` is off by one,
 * `mutant(rst_unvalidated) || valid(...)` does not look. Add a line here, use it in one place (or in the few
 * that belong together), run ./test.sh mutants NAME.
 *
 *   X(name, "what lacon then does wrong") */
#ifndef LACON_BASE_MUTANT_H
#define LACON_BASE_MUTANT_H

#include <stdbool.h>

#define MUTANTS(X)                                                                                           \
    /* acks and windows (S4, S5) */                                                                          \
    X(ack_off_by_one, "an ack that is translated names one byte more")                                       \
    X(patched_acked_early, "a head is acked to its source before the receiver has acked it")                 \
    X(ack_above_believed, "an ack of bytes that were never sent is taken")                                   \
    X(ack_old_believed, "an ack from long before the window is no reason to drop the segment")               \
    X(acks_at_once, "a segment that ends an exchange and begins the next draws an ack of each")              \
    X(old_bytes_unacked, "segments that repeat old bytes are not acked again")                               \
    X(seq_unchecked, "a segment beyond the offered window is taken")                                         \
    X(seq_no_wrap, "a sequence number that wrapped is taken for one of the same epoch")                      \
    X(window_in_unscaled, "the peer's window is not shifted by its scale")                                   \
    X(window_out_unscaled, "the window that we show is not shifted by our scale")                            \
    X(window_rounded_up, "the window that we show is one unit more than there is room for")                  \
    X(window_of_old_segment, "an old segment's window replaces a newer one")                                 \
    X(window_overrun, "forwarded bytes pass the receiver's window")                                          \
    X(window_overrun_kept, "kept bytes pass the receiver's window")                                          \
    X(window_creeps, "the window that we show is rounded up, so that its edge moves with each ack")          \
    X(edge_retreats, "the right edge shown to a client moves back")                                          \
    X(sack_unclipped, "a SACK block is passed on beyond the extent that it lies in")                         \
    X(sack_unshifted, "a SACK block is passed on with the numbers of the other conn")                        \
    X(sack_not_passed, "SACK blocks are not passed on")                                                      \
    X(dsack_swallowed, "what the receiver got twice is not passed on to the source")                         \
    X(dup_acks_by_edge, "an ack that shows SACK blocks and another right edge is no duplicate")              \
    X(dup_acks_swallowed, "duplicate acks are not passed on to the source")                                  \
    X(probe_unanswered, "a probe of the byte before the window draws no ack")                                \
    X(probe_not_passed, "a probe is answered without asking the receiver for its window")                    \
    /* what was judged is what is delivered (S1, S2, S6) */                                                  \
    X(head_uncompared, "a repeated head is not compared with the one that was judged")                       \
    X(chunk_uncompared, "repeated chunk framing is not compared with what was judged")                       \
    X(hold_uncompared, "repeated bytes are not compared with those that are held, and replace them")         \
    X(head_from_frame, "a repeated head goes out as it came in, not from what is kept")                      \
    X(kept_tail_lost, "the last byte of held bytes that become kept ones is lost")                           \
    X(hold_growth_loses, "the last byte held is lost when the hold's memory grows")                          \
    X(length_horizon_late, "a byte behind a response of known length is taken for its body")                 \
    X(chunk_horizon_late, "a byte behind a chunk is taken for its data")                                     \
    X(urg_kept, "URG is passed on")                                                                          \
    X(gap_not_told, "bytes behind a gap draw no duplicate ack")                                              \
    /* kept bytes and their repair (S7, S8) */                                                               \
    X(retained_released, "a request's head is not kept until the response begins")                           \
    X(patched_not_repaired, "a source that repeats a head does not make us send it again")                   \
    X(dup_acks_ignored, "three duplicate acks do not make us send kept bytes again")                         \
    X(rto_never, "a timeout does not send owned bytes again")                                                \
    X(rto_no_backoff, "timeouts follow one another without backoff")                                         \
    X(flight_unlimited, "more than the initial window of kept bytes is in flight")                           \
    X(adopted_too_large, "responses of any known length are adopted")                                        \
    X(chunks_not_kept, "a chunked request is not kept for another try")                                      \
    X(chunk_rest_kept_short, "a chunk of which a piece is kept already is taken to end there")               \
    X(kept_when_begun, "a body is kept for another try although its response has begun")                     \
    X(retry_before_room, "a body that is kept for another try waits for its client's memory")                \
    X(post_retried, "a POST is run again after an endpoint has acked it")                                    \
    X(sent_again_forgotten, "that bytes went out twice does not count when a POST is to be run again")       \
    X(open_untouched, "that an endpoint spoke unasked counts as that it has not read a POST")                \
    X(rst_ack_forgotten, "that a RST acked bytes does not count when a POST is to be run again")             \
    X(retry_after_response, "a request is run again after a response has begun")                             \
    X(retry_same_endpoint, "a request is run again on the endpoint that failed")                             \
    /* closing (S10) */                                                                                      \
    X(fin_early, "a FIN is told one byte before its time")                                                   \
    X(fin_lost, "a FIN of ours that is lost is not sent again")                                              \
    X(fin_acked_twice, "the ack of a FIN counts one too many")                                               \
    X(fin_in_pool, "an endpoint's conn stays in the pool after its FIN")                                     \
    X(fin_before_room, "an answer that waits for memory is cut short by the FIN behind it")                  \
    X(forgotten_unguarded, "a client that was forgotten is reset by a guess")                                \
    X(forgotten_at_once, "a client that is slow to read what it has acked is reset when its window grows")   \
    X(rst_unvalidated, "a RST anywhere in the window is believed")                                           \
    X(rst_unchallenged, "a RST inside the window draws no challenge ack")                                    \
    X(rst_second_missing, "a reset is sent only above what is in flight")                                    \
    X(syn_unchallenged, "a SYN on an open connection draws no challenge ack")                                \
    X(challenge_unlimited, "challenge acks are not rate-limited")                                            \
    X(truncated_request, "a request that its client's FIN cuts short is not noticed")                        \
    X(truncated_response, "a response that the endpoint's FIN cuts short ends like a whole one")             \
    X(early_not_closed, "after an early response the client's connection stays")                             \
    /* accepting (S11) and connecting (S12, S14) */                                                          \
    X(halfopen_ack_unchecked, "a handshake's ack is not compared with our number")                           \
    X(halfopen_isn_reused, "a SYN with another number is answered for the one before")                       \
    X(halfopen_rst_unchecked, "any RST ends a half-open entry")                                              \
    X(cookie_epoch_unchecked, "a cookie of any age is believed")                                             \
    X(cookie_always_believed, "cookies are believed when none were made")                                    \
    X(tombstone_missing, "conns that a cookie opened leave no tombstone")                                    \
    X(tw_isn_reused, "a four-tuple in TIME_WAIT begins again below the old numbers")                         \
    X(isn_not_raised, "a local port begins again below the number last used")                                \
    X(port_reused_at_once, "a local port that was given back is used before those never used")               \
    X(ports_withheld, "conns that are over, or idle, keep the ports that a new one needs")                   \
    X(steer_any_port, "a local port is taken whosever queue its answers reach")                              \
    X(owner_by_hash, "an endpoint's answers go to a worker by hash, not to the one whose port it is")        \
    X(icmp_told_one, "an ICMP error is told to one worker alone")                                            \
    X(queue_others_unseen, "room that another worker gives back is not looked for")                          \
    X(steer_stray_kept, "a segment of no known flow stays with the worker that it reached")                  \
    X(bare_ack_ignored, "an endpoint with an old incarnation is not reset")                                  \
    X(no_ack_reset, "a segment without an ack draws a reset that acks it, in a handshake, too")              \
    X(refusal_unvalidated, "a RST with any number refuses a pending connect")                                \
    X(mss_class_too_large, "an endpoint is told a larger segment size than the client takes")                \
    X(mss_uncut, "forwarded segments are not cut to the receiver's size")                                    \
    X(pool_profile_ignored, "a pooled conn of another profile serves a client")                              \
    /* pooled conns and paths (S9, S13) */                                                                   \
    X(ramp_missing, "a pooled conn that changes clients shows the new one's whole window at once")           \
    X(ramp_fixed, "what it shows does not grow with what the client acks")                                   \
    X(reserved_shared, "a conn that bears a client's name serves another")                                   \
    X(proxy_untrusted, "a PROXY header is taken from anybody")                                               \
    X(late_at_once, "an adopted response is acked before its client can have it")                            \
    X(late_never, "an ack that was put off is never sent")                                                   \
    X(late_hasty, "an endpoint whose timeout is shorter than the wait is made to wait each time")            \
    X(late_waits, "an endpoint that waits for acks is made to wait each time")                               \
    X(pool_nearer, "a far client gets a conn that a near one used")                                          \
    X(pool_lossy, "a conn that lost bytes on one client's path is given to another client")                  \
    X(reserved_for_good, "conns that bear idle clients' names keep others' out of a full pool")              \
    X(own_only_left, "a conn that nobody may have is kept in the pool")                                      \
    X(syn_alone, "the endpoint takes the round trip to us for that to a far client")                         \
    X(pool_own_ignored, "a client does not get the conn that it used last")                                  \
    X(rate_uncapped, "max_rate is ignored")                                                                  \
    X(rate_never_due, "a large max_rate is ignored")                                                         \
    X(steady_edge_late, "the steady way shows a paced endpoint's new edge later than the general one")       \
    X(run_beyond_shown, "a train's run goes on beyond the edge that its sender was shown")                   \
    X(run_beyond_room, "a train's run goes on beyond the message, or the receiver's window")                 \
    X(run_any_window, "a train's run goes on where a segment shows another window")                          \
    X(run_any_options, "a train's run goes on where a segment has options")                                  \
    X(too_big_unvalidated, "too big is believed about bytes that are not in flight")                         \
    X(too_big_passed_on, "too big on a client's path is told to the endpoint")                               \
    X(too_big_forgotten, "what was learned of a path is not remembered for the next conn")                   \
    /* frames */                                                                                             \
    X(csum_odd_offset, "the checksum of a part at an odd offset is not turned")                              \
    X(csum_unchecked, "a segment with a wrong checksum is taken")                                            \
    X(word_believed, "what a device says of a checksum is never verified")                                   \
    X(tag_stripped_lost, "a VLAN tag that a device took out is not looked at")                               \
    X(ttl_not_ours, "the TTL is not 64")                                                                     \
    X(option_length_0, "an option of length 0 or 1 is not refused")                                          \
    /* HTTP */                                                                                               \
    X(response_unasked, "what an endpoint says before it has the request passes for its response")           \
    X(extra_pooled, "an endpoint's conn is used again although it sent more than it announced")              \
    X(length_twice, "a second Content-Length or Transfer-Encoding is not noticed")                           \
    X(length_and_chunked, "Content-Length beside Transfer-Encoding is not refused")                          \
    X(chunk_size_overflow, "a chunk size beyond what fits is not refused")                                   \
    X(trailer_unjudged, "trailer lines may be anything")                                                     \
    X(hop_fields_kept, "the fields that Connection names are passed on")                                     \
    X(close_forgotten, "a client that asked for close is not told, and is kept")                             \
    X(max_body_ignored, "bodies beyond max_body are passed on")                                              \
    X(stall_while_connecting, "the time in which an endpoint is connected to is the client's")               \
    X(picker_forgets, "a change of the configuration forgets latencies and slow starts")                     \
    X(in_use_leak, "what a client gives back stays counted")                                                 \
    X(in_use_unbroken, "two workers may count one client in two places")                                     \
    X(client_limit_ignored, "a client may have more connections and requests than its listener says")        \
    X(discard_endless, "of a request that is refused any body is thrown away")                               \
    X(discard_unasked, "whether a body will come is not asked before one is waited for")                     \
    X(drain_ignored, "connections go on while lacon drains")                                                 \
    X(request_timeout_ignored, "request_timeout is ignored while something goes on")                         \
    X(budget_ignored, "requests are tried again without a budget")                                           \
    X(queue_not_woken, "requests that wait for room are not given any")                                      \
    X(breaker_ignored, "limits on a cluster's or endpoint's requests and connections are ignored")           \
    X(bucket_unfilled, "a token bucket never gets a token back")                                             \
    X(bucket_refused_pays, "who is refused by one token bucket pays at the others")                          \
    X(bucket_fresh, "a key that takes another's place gets a full bucket")                                   \
    X(lists_ignored, "clients that a listener's lists refuse are accepted")                                  \
    X(edits_named_kept, "fields that edits remove or set are passed on")                                     \
    X(edits_later_blind, "what an earlier edit put in is not taken out by a later one")                      \
    X(forwarded_believed, "what anybody says of the client is believed")                                     \
    X(affinity_to_down, "a client stays with its endpoint though it is down")                                \
    X(affinity_shown, "lacon's cookie is passed on to the endpoint")                                         \
    X(log_missing, "an exchange that failed is not logged")                                                  \
    /* shares of one client address */                                                                       \
    X(share_conns_ignored, "one client address may open any number of connections")                          \
    X(share_bytes_ignored, "one client address may have any number of kept bytes")                           \
    X(share_never_exceeded, "conns of one client that fill its share wait for each other's memory")          \
    X(share_exceeded_by_all, "any number of conns of one client may exceed its share")                       \
    X(share_exceeded_in_turn,                                                                                \
      "one conn of a client after another exceeds its share, and leaves it exceeded")                        \
    X(share_exceeded_for_good, "a conn that has exceeded its client's share keeps others from it")           \
    X(share_address, "each IPv6 address has a share of its own, not each /64")                               \
    /* reload */                                                                                             \
    X(reload_listener_kept, "clients of a listener that is gone are served on")                              \
    X(reload_queue_limits, "who waits for room at a reload waits under the limits of before")                \
    X(reload_head_asleep, "a head that waited for its client's share waits on when that has grown")          \
    X(reload_marks_forgotten, "an endpoint that refused is asked again after a reload")                      \
    X(reload_carries_none, "other addresses of a name are a reload to tunnels")                              \
    X(reload_forever, "what outlives drain_timeout under an old configuration is not cut off")               \
    X(reload_drain_put_off, "a reload puts off the end of a drain")                                          \
    X(reload_pool_kept, "pooled conns of an endpoint that is gone stay")                                     \
    X(reload_hold_fixed, "a client from before cannot send the longer heads that are allowed now")           \
    /* tunnels and streams */                                                                                \
    X(tunnel_fin_forgotten, "a FIN from before the tunnel began is not passed on")                           \
    X(tunnel_cut_clean, "a tunnel that one side resets ends like an orderly one")                            \
    X(tunnel_endless, "a silent tunnel does not end")                                                        \
    X(stream_untried, "a stream whose endpoint refuses is given up")                                         \
    /* which endpoints are asked */                                                                          \
    X(check_ignored, "an endpoint that fails its checks is asked as before")                                 \
    X(check_threshold, "a single check changes an endpoint's state")                                         \
    X(outlier_ignored, "an endpoint that fails its requests is not ejected")                                 \
    X(ejection_no_floor, "any number of endpoints may be ejected")                                           \
    X(ejection_for_ever, "an ejected endpoint does not come back")                                           \
    X(drained_asked, "an endpoint that is drained is asked as before")                                       \
    /* flow engines (offload.c) */                                                                           \
    X(slow_behind_engine, "a client is not judged any more once an engine has sent to it")                   \
    X(offload_port_early, "the port of a conn that ended is used again before its rule is gone")             \
    X(offload_removed_late, "a rule's removal is asked for at the boundary, not ahead of it")                \
    X(offload_unknown, "a flow is offered to a slow engine before more is known of it than a moment")        \
    X(offload_evicts_any, "any flow on a full table gives way to any other")                                 \
    X(offload_rate_ignored, "an engine keeps a flow whose client takes less than it has to")                 \
    X(offload_watchers_stay, "flows that only watch keep their slots, however slow they are")                \
    X(offload_edge_open,                                                                                     \
      "the endpoint of a flow that an engine carries may send to its message's end and beyond")              \
    X(offload_narrow_shown, "an endpoint is shown a unit for less room while an engine may send")            \
    X(offload_acks_unbelieved, "what an engine may have sent does not count as sent")                        \
    X(offload_forgets_count, "what an engine carried is not counted")                                        \
    /* real engines (accel/rte_flow.c) */                                                                    \
    X(flow_numbers_swapped, "constants for sequence numbers go to a NIC in the byte order of the machine")   \
    X(flow_damage_taken, "a rule takes segments whose checksums are wrong")                                  \
    X(flow_gone_early, "a rule is told gone that the device did not destroy")                                \
    X(flow_completion_believed, "a completion is believed whatever job it is of")                            \
    X(flow_error_is_loss, "a failed call is taken for the loss of the device")                               \
    X(flow_place_lost, "a job that is not answered keeps its place in the queue for ever")                   \
    X(flow_port_taken, "a port is emptied before all workers have left it")                                  \
    X(flow_others_flushed, "the rules of all workers are flushed with one's own")                            \
    /* memory and time */                                                                                    \
    X(extent_leak, "extents that are acked are not given back")                                              \
    X(head_forgotten, "a head that is complete while it is held back is not looked at again")                \
    X(refusal_forgotten, "a client whose bytes found no room is blamed while its TCP backs off")             \
    X(refused_window_blamed, "a client whose bytes its endpoint has no room for is blamed likewise")         \
    X(backoff_blamed, "a pipelined head whose bytes were refused has no longer than any other")              \
    X(refusal_not_renewed,                                                                                   \
      "the time that a response was waited for counts as the client's, whose bytes were refused")            \
    X(pos_left_behind, "positions kept in 32 bits that nothing moves are not dragged along")                 \
    X(own_left_behind, "the begin of a large extent is not dragged along")                                   \
    X(fin_over_sample, "a round trip is sampled where the place of a FIN is kept")                           \
    X(local_given_early, "an address of ours is given up while flows have it")                               \
    X(extra_leak, "side blocks are not given back")                                                          \
    X(refusal_remembered, "a client may be slow although what was refused has come again")                   \
    X(refusal_endless, "a client whose bytes are refused again and again may wait for ever")                 \
    X(refusal_hidden,                                                                                        \
      "that bytes are refused again is forgotten where more than can be held comes with them")               \
    X(came_blamed,                                                                                           \
      "a client is blamed while its TCP has not got the ack of what was refused and came again")             \
    X(came_endless, "a client that has sent again what was refused may be silent for ever")                  \
    X(came_goes_on, "a client that has sent again what was refused, and more, may be slow for a while")      \
    X(head_refused_blamed, "a client whose head found no memory is told that it was late with it")           \
    X(refused_blamed, "a client whose bytes found no memory for minutes is told that it is slow")            \
    X(room_blamed, "a client is blamed while what it has sent waits for memory")                             \
    X(hold_leak, "the hold's memory is not given back")                                                      \
    X(current_evicted, "an idle conn is evicted while a segment of it is being handled")                     \
    X(slot_leak, "an exchange's slot is not given back")                                                     \
    X(timer_lost, "a timer that is moved down a level of the wheel is lost")                                 \
    X(put_off_lost, "a conn whose deadline was put off is not armed when that is over")                      \
    X(put_off_near, "a deadline is put off that is nearer than the end of that")                             \
    X(put_off_slept_over, "a worker sleeps as if no deadline were put off")                                  \
    X(ms_no_wrap, "a deadline after the wrap of milliseconds is due before it")                              \
    X(put_off_turn_early, "a turn of the queue forgets the deadlines of the present one, not the last")      \
    X(put_off_look_lost, "a look that was put off is forgotten, whatever is under way")                      \
    X(timer_not_rearmed, "a conn's later deadline is forgotten when its timer fires")

#ifdef LACON_MUTANTS

enum mutant {
    MUTANT_NONE,
#define X(id, text) MUTANT_##id,
    MUTANTS(X)
#undef X
        MUTANT_COUNT
};

/* Set before anything of ours runs, by mutant_select() or from the environment (LACON_MUTANT=name); never
 * changed after, so any thread may read it. */
extern enum mutant mutant_on;

#define mutant(id) ((bool)(mutant_on == MUTANT_##id))

/* 0, or -1 when there is no mutant of that name. */
int mutant_select(const char *name);
const char *mutant_name(enum mutant m);
const char *mutant_text(enum mutant m);

#else

#define mutant(id) false

#endif

#endif

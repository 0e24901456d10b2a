/* count: what the generator counts. An error means that somebody between the two sides has not done what TCP
 * and HTTP promise: a run with errors has no speed. An event is worth knowing and no fault. */
#ifndef LOADGEN_COUNT_H
#define LOADGEN_COUNT_H

#include <stdint.h>

#define LOADGEN_ERRORS(X)                                                                                    \
    X(bad_checksum, "frames with a wrong IP or TCP checksum")                                                \
    X(bad_frame, "frames to us that are no sound IPv4 and TCP")                                              \
    X(bad_ack, "acknowledgements of what was never sent")                                                    \
    X(bad_request, "requests that arrived at an endpoint as no client sent them")                            \
    X(bad_head, "response heads that cannot be understood")                                                  \
    X(bad_status, "responses with another status than 200")                                                  \
    X(wrong_id, "responses to somebody else's request")                                                      \
    X(wrong_length, "responses that announce another length than was asked for")                             \
    X(wrong_content, "bodies with other bytes than were sent")                                               \
    X(surplus, "bytes behind the end of a message")                                                          \
    X(refused, "connections refused")                                                                        \
    X(not_connected, "connections that did not come about in time")                                          \
    X(cut_off, "connections closed before the response was whole")                                           \
    X(reset, "connections reset in the middle of an exchange")                                               \
    X(closed_idle, "connections closed or reset between exchanges that were not announced to be")            \
    X(unanswered, "requests without a whole response in time")

#define LOADGEN_EVENTS(X)                                                                                    \
    X(rx_frames, "frames received")                                                                          \
    X(tx_frames, "frames sent")                                                                              \
    X(connects, "connections opened")                                                                        \
    X(retransmits, "segments sent again")                                                                    \
    X(fast_retransmits, "losses noticed by three duplicate acknowledgements")                                \
    X(timeouts, "losses noticed by time")                                                                    \
    X(repeated, "segments received again")                                                                   \
    X(out_of_order, "segments received behind a gap")                                                        \
    X(stray, "segments of connections that are no more")                                                     \
    X(no_room, "segments that could not be queued")                                                          \
    X(checked_bytes, "body bytes compared with what was sent")                                               \
    X(body_bytes, "body bytes received")

struct counts {
#define FIELD(name, text) uint64_t name;
    LOADGEN_ERRORS(FIELD)
    LOADGEN_EVENTS(FIELD)
#undef FIELD
};

#endif

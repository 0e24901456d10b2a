/* explain: the admin socket's answer to "what would become of this request?".
 *
 *   explain LISTENER PROTOCOL PORT SOURCE SUBJECT [ALPN]
 *
 * LISTENER is a name, or - for the first one of that PROTOCOL (http, tls, tcp) on that PORT. SOURCE is the
 * client's address, or - for 0.0.0.0. SUBJECT is the request's head with its empty line (http), the name in a
 * ClientHello (tls), or - (tcp); bytes that may not stand in a word are percent-coded (%0d).
 * ALPN: protocols that a TLS client offers, with commas between.
 *
 * The head is parsed, routed and given an endpoint by the code that does so for requests
 * (exchange/explain.h), on each worker. Admin thread, while configurations are held. */
#ifndef LACON_CONTROL_EXPLAIN_H
#define LACON_CONTROL_EXPLAIN_H

#include <jansson.h>

#include "agent/worker/worker.h"

json_t *explain_answer(struct workers *ws, unsigned nword, char *const word[]);

#endif

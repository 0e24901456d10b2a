/* Words about the health of endpoints. Cluster 0 has one endpoint, unless a row says otherwise. */
#ifndef SIM_ROWS_HEALTH_H
#define SIM_ROWS_HEALTH_H

#include "tests/sim/row.h"

#define CLOSE2 "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"

/* A string for the configuration, which frees none of a row's. */
char *word(const char *s);

/* Cluster 0's one endpoint is checked; what is returned may still be changed. */
struct cfg_health_check *checked(struct script *s, enum cfg_check_protocol p);
/* What is known of cluster 0's endpoint i. */
struct roster_entry *entry(struct script *s, unsigned i);
void want_state(struct script *s, enum roster_health health, enum finding why); /* of endpoint 0 */

void bye(struct peer *e); /* lacon closes a check's connection in an orderly way, and so do we */
void answers(struct script *s, const char *text); /* to a check */

/* Another configuration, with the same endpoints, checked in another way or not at all. */
struct config *reloaded(struct script *s, enum cfg_check_protocol p);
/* The operator drains endpoint 0, or enables it. */
void set_drained(struct script *s, bool drained);

#endif

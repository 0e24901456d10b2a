/* Words about many clients at once. */
#ifndef SIM_ROWS_CROWD_H
#define SIM_ROWS_CROWD_H

#include "tests/sim/row.h"

/* The client host under another address, in the same /64. */
struct peer *neighbour(struct script *s);

/* n clients, connected. */
void open_many(struct script *s, struct peer **c, unsigned n);

#define BOTS 260u
/* Clients beyond the peers of a row. What they are sent is thrown away but for the SYN-ACK. */
extern struct peer bots[BOTS];

/* Connects bots `from` to from + n; a SYN that is not answered is passed over. `like`: a client, for the
 * addresses. */
void open_bots(struct script *s, const struct peer *like, unsigned from, unsigned n);

#endif

/* What the words of row.h share among themselves. */
#ifndef SIM_ROW_INTERNAL_H
#define SIM_ROW_INTERNAL_H

#include "tests/sim/row.h"

#define WAIT (10 * SEC) /* for what is wanted */

void pass_ns(struct script *s, uint64_t ns);
void inbox_clear(struct inbox *in);
struct peer *add_peer(struct script *s, struct host *h, const struct ip_addr *local);
/* The next segment for p into p->got; false when none comes. */
bool row_next(struct peer *p, uint64_t wait);

#endif

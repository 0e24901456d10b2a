/* edits: what lacon changes in heads in the simulator's scenarios. To and from the endpoints of one cluster
 * heads grow by fields of the configuration's and shrink by others; both ends check them. The other cluster's
 * pass as they are. Rows have no edits but their own. */
#ifndef SIM_EDITS_H
#define SIM_EDITS_H

#include "config/config.h"

#define EDITS_CLUSTER  1
#define EDITS_GROW     "X-Edit"
#define EDITS_GONE     "X-Gone" /* a field that both ends send and neither may get through there */
#define EDITS_REQUEST  700      /* bytes of EDITS_GROW's value */
#define EDITS_RESPONSE 1900

/* From then on; it is static memory that the configuration points into. */
void edits_config(struct config *c);

/* What is wrong with a head that has so many of each field, the first with a value of `length` bytes, on its
 * way between a client and this cluster; NULL: nothing. `direct`: there is no lacon between. */
const char *edits_check(bool direct, unsigned cluster, unsigned grown, unsigned gone, size_t length,
                        size_t wanted);

#endif

/* Leaving single cookies out of a head. For the files of this folder. */
#ifndef LACON_HTTP_COOKIE_H
#define LACON_HTTP_COOKIE_H

#include "agent/http/writer.h"

/* Has this Cookie field no other cookie than those of that name? */
bool http_only_cookie(struct span value, struct span name);
/* Takes the cookies of that name out of a Cookie field that has others. */
void http_cut_cookie(struct writer *w, struct run *r, struct span value, struct span name);
/* Does this Set-Cookie field set it? */
bool http_sets_cookie(struct span value, struct span name);

#endif

/* Writing a request's path and query, perhaps changed. For the files of this folder. */
#ifndef LACON_HTTP_TARGET_H
#define LACON_HTTP_TARGET_H

#include "agent/http/writer.h"

void http_put_path(struct writer *w, const struct http_head *h, const struct http_path_edit *e);

#endif

/* Names and texts of the reasons; see reason.h. Constant data. */
#include "agent/base/reason.h"

static const struct {
    const char *name, *text;
} reasons[] = {
#define X(id, name, text) {name, text},
    REASONS(X)
#undef X
};

const char *reason_name(enum reason r)
{
    return (unsigned)r < R_MAX ? reasons[r].name : "unknown";
}

const char *reason_text(enum reason r)
{
    return (unsigned)r < R_MAX ? reasons[r].text : "unknown";
}

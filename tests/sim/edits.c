/* See edits.h. */
#include "tests/sim/edits.h"

#include <stdlib.h>
#include <string.h>

/* A time is in it, which is another one each time that it is rendered: so what is sent again must have been
 * kept (the model TCP compares). */
struct made {
    struct field_edit edit;
    struct field_line line;
    struct template_piece piece[TEMPLATE_MAX_PIECES];
    char value[EDITS_RESPONSE + 1];
};

static char grow[] = EDITS_GROW, gone[] = EDITS_GONE;

static struct field_edit make(struct made *m, unsigned where, size_t length)
{
    static char *remove[] = {gone};
    char why[TEMPLATE_WHY];
    size_t rendered = strlen("2000-01-01T00:00:00.000Z"), n = length - rendered;
    memset(m->value, 'e', n);
    memcpy(m->value + n, "%{time}", sizeof "%{time}");
    int pieces = template_parse(m->value, where, m->piece, why);
    if (pieces < 0)
        abort();
    m->line = (struct field_line){grow, m->value, {(uint32_t)pieces, m->piece}};
    return (struct field_edit){
        .nremove = 1,
        .nset = 1,
        .remove = remove,
        .set = &m->line,
        .names = field_name_bit(span_str(grow)) | field_name_bit(span_str(gone)),
    };
}

void edits_config(struct config *c)
{
    static struct made request, response;
    c->cluster[EDITS_CLUSTER].request_edit = make(&request, TEMPLATE_REQUEST, EDITS_REQUEST);
    c->cluster[EDITS_CLUSTER].response_edit = make(&response, TEMPLATE_RESPONSE, EDITS_RESPONSE);
}

const char *edits_check(bool direct, unsigned cluster, unsigned grown, unsigned gone_too, size_t length,
                        size_t wanted)
{
    bool edited = !direct && cluster == EDITS_CLUSTER;
    if (gone_too != !edited)
        return edited ? "a field that is removed was passed on" : "a field was lost";
    if (grown != edited)
        return edited ? "a field that is set is missing" : "a field was set that is another cluster's";
    return edited && length != wanted ? "a field that is set has another length" : NULL;
}

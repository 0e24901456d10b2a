/* Edits of the configuration's: what they leave out of a head, and the lines they put in. Several edits run
 * one after the other; since all names are known beforehand that comes to this: a field of the message is
 * left out when any edit names it, and a line of an edit when a later one does. No state; any thread. */
#include "agent/base/mutant.h"
#include "agent/http/writer.h"

void http_edits_add(struct http_edits *all, const struct field_edit *e)
{
    if (field_edit_empty(e) || all->n == HTTP_MAX_EDITS)
        return;
    all->edit[all->n++] = e;
    all->names |= e->names;
}

static bool named_from(const struct http_edits *all, unsigned from, struct span name)
{
    for (unsigned i = from; i < all->n; i++)
        if (field_edit_names(all->edit[i], name))
            return true;
    return false;
}

bool http_edits_name(const struct http_edits *all, struct span name)
{
    return (all->names & field_name_bit(name)) && named_from(all, 0, name) && !mutant(edits_named_kept);
}

static void put_value(struct writer *w, const struct template *t, const struct http_values *v)
{
    for (uint32_t i = 0; i < t->npiece; i++) {
        const struct template_piece *p = &t->piece[i];
        char room[HTTP_VALUE_ROOM];
        put_span(w, p->var == TEMPLATE_LITERAL ? p->text : v->get(v->ctx, (enum template_var)p->var, room));
    }
}

static void put_lines(struct writer *w, const struct http_edits *all, unsigned i,
                      const struct field_line *line, uint32_t n, const struct http_values *v)
{
    for (uint32_t k = 0; k < n; k++) {
        if (named_from(all, i + 1, span_str(line[k].name)) && !mutant(edits_later_blind))
            continue;
        put_str(w, line[k].name);
        put_str(w, ": ");
        put_value(w, &line[k].made, v);
        put_str(w, "\r\n");
    }
}

int http_write_lines(const struct http_edits *all, const struct http_values *v, uint8_t *out, uint32_t cap)
{
    struct writer w = writer_on(out, cap);
    for (unsigned i = 0; i < all->n; i++) {
        put_lines(&w, all, i, all->edit[i]->set, all->edit[i]->nset, v);
        put_lines(&w, all, i, all->edit[i]->add, all->edit[i]->nadd, v);
    }
    return writer_done(&w);
}

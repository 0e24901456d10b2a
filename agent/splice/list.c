/* Lists of conns: by slot numbers, since a conn has room for no more. A conn has one pair of links and is in
 * one list at most; which one, its state says. The worker's thread. */
#include "agent/splice/internal.h"

static struct conn *at(const struct splice *s, uint32_t idx)
{
    return idx == CT_NONE ? NULL : ct_obj(s->table, idx);
}

struct conn *list_first(const struct splice *s, const struct conn_list *l)
{
    return at(s, l->first);
}

struct conn *list_last(const struct splice *s, const struct conn_list *l)
{
    return at(s, l->last);
}

struct conn *list_next(const struct splice *s, const struct conn *c)
{
    return at(s, c->next);
}

static void link_between(struct splice *s, struct conn_list *l, struct conn *c, uint32_t prev, uint32_t next)
{
    c->pub.listed = 1;
    c->prev = prev;
    c->next = next;
    *(prev == CT_NONE ? &l->first : &at(s, prev)->next) = conn_idx(s, c);
    *(next == CT_NONE ? &l->last : &at(s, next)->prev) = conn_idx(s, c);
}

void list_append(struct splice *s, struct conn_list *l, struct conn *c)
{
    link_between(s, l, c, l->last, CT_NONE);
}

void list_prepend(struct splice *s, struct conn_list *l, struct conn *c)
{
    link_between(s, l, c, CT_NONE, l->first);
}

void list_remove(struct splice *s, struct conn_list *l, struct conn *c)
{
    *(c->prev == CT_NONE ? &l->first : &at(s, c->prev)->next) = c->next;
    *(c->next == CT_NONE ? &l->last : &at(s, c->next)->prev) = c->prev;
    c->pub.listed = 0;
    c->of_user = NULL;
}

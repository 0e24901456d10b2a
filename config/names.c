/* Names: unique among their kind, and found where they are used. Part of one reading; see keys.h. */
#include <stdlib.h>
#include <string.h>

#include "config/kinds.h"

#define MEANT_MAX 1000u /* names that a misspelt one is compared with: bounds the work, not the use */

struct named {
    const char *name;
    struct mark at;
    uint32_t index;
};

/* Those of one kind, sorted by name, then by place in the list. */
struct names {
    const char *what;
    struct named *v;
    size_t n;
};

static int by_name(const void *pa, const void *pb)
{
    const struct named *a = pa, *b = pb;
    int d = strcmp(a->name, b->name);

    return d ? d : (a->index > b->index) - (a->index < b->index);
}

/* Items are `count` structs of `size` bytes whose name is at `offset`; those without a good one are left out.
 */
static struct names collect(struct reading *r, const char *what, const void *items, size_t count, size_t size,
                            size_t offset)
{
    struct names all = {what, arena_array(&r->scratch, count, sizeof *all.v), 0};

    for (size_t i = 0; i < count; i++) {
        char *const *name = (char *const *)(const void *)((const char *)items + i * size + offset);

        if (*name)
            all.v[all.n++] = (struct named){*name, place_of(r, name)->at, (uint32_t)i};
    }
    if (all.n)
        qsort(all.v, all.n, sizeof *all.v, by_name);
    for (size_t i = 1, first = 0; i < all.n; i++) {
        if (strcmp(all.v[i].name, all.v[first].name) == 0)
            complain(&r->errors, all.v[i].at, "name: another %s is called \"%s\", on line %u", what,
                     all.v[i].name, all.v[first].at.line);
        else
            first = i;
    }
    return all;
}

static const struct named *find(const struct names *all, const char *name)
{
    size_t lo = 0, hi = all->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (strcmp(all->v[mid].name, name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < all->n && strcmp(all->v[lo].name, name) == 0 ? &all->v[lo] : NULL;
}

static void resolve(struct reading *r, const struct names *all, const struct reference *ref)
{
    const struct named *hit = find(all, ref->v->text);
    const char **names, *meant;
    size_t n;

    if (hit) {
        *ref->index = hit->index;
        return;
    }
    n = all->n < MEANT_MAX ? all->n : MEANT_MAX;
    names = arena_array(&r->scratch, n, sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = all->v[i].name;
    meant = closest_word(ref->v->text, names, n);
    complain(&r->errors, ref->v->at, "no %s is called \"%s\"%s%s%s", all->what, shown(r, ref->v->text),
             meant ? "; did you mean \"" : "", meant ? meant : "", meant ? "\"?" : "");
}

/* The listener's index, or CFG_NONE when the name was not one. */
static uint32_t listener_of(const struct reading *r, const uint32_t *index)
{
    return place_of(r, index)->good ? *index : CFG_NONE;
}

static void check_route_listeners(struct reading *r, const struct cfg_route *t)
{
    for (uint32_t i = 0; i < t->nlistener; i++) {
        uint32_t index = listener_of(r, &t->listener[i]);

        if (index != CFG_NONE && r->config->listener[index].protocol == CFG_TCP)
            complain(&r->errors, place_of(r, &t->listener[i])->at,
                     "listeners: \"%s\" takes no requests, it is of protocol tcp",
                     r->config->listener[index].name);
        for (uint32_t j = 0; j < i && index != CFG_NONE; j++) {
            if (listener_of(r, &t->listener[j]) == index) {
                complain(&r->errors, place_of(r, &t->listener[i])->at, "listeners: \"%s\" is listed twice",
                         r->config->listener[index].name);
                break;
            }
        }
    }
}

static void check_route_hosts(struct reading *r, const struct cfg_route *t)
{
    for (uint32_t i = 0; i < t->nhost; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (t->host[i] && t->host[j] && strcmp(t->host[i], t->host[j]) == 0) {
                complain(&r->errors, place_of(r, &t->host[i])->at, "hostnames: \"%s\" is listed twice",
                         t->host[i]);
                break;
            }
        }
    }
}

void check_names(struct reading *r)
{
    const struct config *c = r->config;
    struct names listeners, clusters;

    collect(r, "interface", c->interface, c->ninterface, sizeof *c->interface,
            offsetof(struct cfg_interface, name));
    collect(r, "route", c->route, c->nroute, sizeof *c->route, offsetof(struct cfg_route, name));
    listeners = collect(r, "listener", c->listener, c->nlistener, sizeof *c->listener,
                        offsetof(struct cfg_listener, name));
    clusters = collect(r, "cluster", c->cluster, c->ncluster, sizeof *c->cluster,
                       offsetof(struct cfg_cluster, name));
    for (const struct reference *ref = r->references; ref; ref = ref->next) {
        if ((ref->to_cluster ? clusters : listeners).n > 0) /* else that has been complained about */
            resolve(r, ref->to_cluster ? &clusters : &listeners, ref);
    }
    for (uint32_t i = 0; i < c->nroute; i++) {
        check_route_listeners(r, &c->route[i]);
        check_route_hosts(r, &c->route[i]);
    }
}

/* ---- the kinds of values that are names ---- */

/* The name of a cluster or a listener; the index follows when all names are known (check_names). */
static bool read_reference(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj)
{
    struct reference *ref;

    if (v->kind != NODE_SCALAR)
        return must_be(r, k, v, "the name of a %s", k->kind == &kind_cluster ? "cluster" : "listener");
    ref = arena_alloc(&r->scratch, sizeof *ref);
    *ref = (struct reference){NULL, v, key_field(k, obj), k->kind == &kind_cluster};
    *ref->index = CFG_NONE;
    *r->last_reference = ref;
    r->last_reference = &ref->next;
    return true;
}

static void print_cluster(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    print_quoted(f, c->cluster[key_load(k, obj)].name);
}

static bool reference_present(const struct cfg_key *k, const void *obj)
{
    return key_load(k, obj) != CFG_NONE;
}

static void print_listener(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj)
{
    print_quoted(f, c->listener[key_load(k, obj)].name);
}

const struct key_kind kind_cluster = {read_reference, print_cluster, reference_present};
const struct key_kind kind_listener = {read_reference, print_listener, NULL};

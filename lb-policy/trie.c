/* See trie.h. lb_trie_find is on the path of every request; the rest runs while a configuration is compiled.
 */
#include "lb-policy/trie.h"

#include <stdlib.h>

static uint8_t folded(uint8_t c, bool fold)
{
    return fold && c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* FNV-1a, started from the parent. */
static uint32_t hash_of(uint32_t parent, struct span label, bool fold)
{
    uint32_t h = UINT32_C(2166136261) ^ (parent * UINT32_C(0x9e3779b1));
    for (size_t i = 0; i < label.n; i++)
        h = (h ^ folded(label.p[i], fold)) * UINT32_C(16777619);
    return h ^ h >> 15;
}

static bool label_is(const struct lb_trie *t, const struct lb_trie_node *n, struct span label, bool fold)
{
    struct span own = span_of(t->text + n->text, n->len);
    return fold ? span_ieq(own, label) : span_eq(own, label);
}

void lb_trie_free(struct lb_trie *t)
{
    free(t->node);
    free(t->chain);
    free(t->text);
    *t = (struct lb_trie){0};
}

/* ---- build ---- */

static bool rehash(struct lb_trie *t, uint32_t nchain)
{
    uint32_t *chain = malloc(nchain * sizeof *chain);
    if (!chain)
        return false;
    memset(chain, 0xff, nchain * sizeof *chain); /* LB_NONE */
    for (uint32_t i = 0; i < t->n; i++) {
        struct lb_trie_node *n = &t->node[i];
        if (n->parent == LB_NONE)
            continue;
        n->next = chain[n->hash & (nchain - 1)];
        chain[n->hash & (nchain - 1)] = i;
    }
    free(t->chain);
    t->chain = chain;
    t->nchain = nchain;
    return true;
}

/* Room for one more node and as many chains as nodes. */
static bool reserve_node(struct lb_trie *t)
{
    if (t->n < t->cap)
        return true;
    uint32_t cap = t->cap ? t->cap * 2 : 64;
    if (cap < t->cap)
        return false;
    struct lb_trie_node *node = realloc(t->node, cap * sizeof *node);
    if (!node)
        return false;
    t->node = node;
    t->cap = cap;
    return rehash(t, cap);
}

static bool reserve_text(struct lb_trie *t, size_t n)
{
    if (n <= t->captext - t->ntext)
        return true;
    size_t cap = (t->captext + n) * 2;
    uint8_t *text = cap <= UINT32_MAX ? realloc(t->text, cap) : NULL;
    if (!text)
        return false;
    t->text = text;
    t->captext = cap;
    return true;
}

static uint32_t new_node(struct lb_trie *t, uint32_t parent)
{
    if (!reserve_node(t))
        return LB_NONE;
    t->node[t->n] =
        (struct lb_trie_node){.parent = parent, .next = LB_NONE, .exact = LB_NONE, .under = LB_NONE};
    return t->n++;
}

uint32_t lb_trie_root(struct lb_trie *t)
{
    return new_node(t, LB_NONE);
}

uint32_t lb_trie_add(struct lb_trie *t, uint32_t parent, struct span label, bool fold)
{
    uint32_t id = lb_trie_find(t, parent, label, fold);
    if (id != LB_NONE)
        return id;
    if (!reserve_text(t, label.n) || (id = new_node(t, parent)) == LB_NONE)
        return LB_NONE;
    struct lb_trie_node *n = &t->node[id];
    n->hash = hash_of(parent, label, fold);
    n->text = (uint32_t)t->ntext;
    n->len = (uint32_t)label.n;
    if (label.n)
        memcpy(t->text + t->ntext, label.p, label.n);
    t->ntext += label.n;
    if (t->node[parent].bound <= n->len)
        t->node[parent].bound = n->len + 1;
    n->next = t->chain[n->hash & (t->nchain - 1)];
    t->chain[n->hash & (t->nchain - 1)] = id;
    return id;
}

/* ---- lookup ---- */

uint32_t lb_trie_find(const struct lb_trie *t, uint32_t parent, struct span label, bool fold)
{
    if (label.n >= t->node[parent].bound)
        return LB_NONE;
    uint32_t hash = hash_of(parent, label, fold);
    uint32_t id = t->chain[hash & (t->nchain - 1)];
    while (id != LB_NONE) {
        const struct lb_trie_node *n = &t->node[id];
        if (n->hash == hash && n->parent == parent && label_is(t, n, label, fold))
            break;
        id = n->next;
    }
    return id;
}

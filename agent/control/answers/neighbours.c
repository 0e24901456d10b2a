/* neighbours: each worker's view of ARP and neighbour discovery. */
#include "agent/control/answers/answer.h"

#include <stdlib.h>
#include <string.h>

#include "agent/net/net.h"

/* What a worker fills in on its own thread: memory is there beforehand, so that it holds up no traffic. */
struct neighbours {
    unsigned n;
    struct net_neigh_info at[NET_MAX_NEIGH];
};

static void note_neighbour(void *arg, const struct net_neigh_info *i)
{
    struct neighbours *list = arg;
    if (list->n < NET_MAX_NEIGH)
        list->at[list->n++] = *i;
}

static void note_neighbours(struct engine *e, void *arg, uint64_t now_ns)
{
    (void)now_ns;
    engine_neighbours(e, note_neighbour, arg);
}

static json_t *one_neighbour(const struct config *config, unsigned worker, const struct net_neigh_info *i)
{
    static const uint8_t unknown[6];
    char ip[IP_STRLEN];
    bool known = memcmp(i->mac, unknown, sizeof unknown) != 0;
    const char *name = i->ifidx < config->ninterface ? config->interface[i->ifidx].name : "-";
    return json_pack("{s:s, s:o, s:s, s:s, s:i}", "address", ip_str(&i->addr, ip), "mac",
                     known ? answer_mac(i->mac) : json_null(), "interface", name, "state", i->state, "worker",
                     (int)worker);
}

json_t *answer_neighbours(const struct answers *a)
{
    struct workers *ws = a->workers;
    struct neighbours *found = malloc(sizeof *found);
    json_t *list = json_array();
    for (unsigned w = 0; found && w < workers_count(ws); w++) {
        found->n = 0;
        if (workers_call(ws, w, note_neighbours, found, true) != 0)
            continue;
        for (unsigned i = 0; i < found->n; i++)
            json_array_append_new(list, one_neighbour(workers_config(ws, NULL), w, &found->at[i]));
    }
    free(found);
    return json_pack("{s:o}", "neighbours", list);
}

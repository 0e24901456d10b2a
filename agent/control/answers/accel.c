/* accel: who fills the accelerator hooks, and each worker's flow engine. */
#include "agent/control/answers/answer.h"

#include "agent/base/counters.h"

static json_t *one_hook(const struct accel_choice *c, enum accel_hook h)
{
    return json_pack("{s:s, s:s, s:s}", "hook", accel_hook_name(h), "provider",
                     c->provider ? c->provider->name : "none", "why", c->why);
}

static json_t *one_engine(const struct workers *ws, unsigned i)
{
    struct engine_flow_info f;
    struct worker_info w;
    engine_flow(worker_engine(workers_at(ws, i)), &f);
    if (!f.provider)
        return NULL;
    worker_info(workers_at(ws, i), &w);
    json_t *o = json_pack("{s:i, s:s, s:s, s:i}", "worker", (int)i, "provider", f.provider, "about", f.about,
                          "entries", (int)f.entries);
#define X(field, text) json_object_set_new(o, #field, answer_integer(counter_read(&f.stats->field)));
    ACCEL_STATS(X)
#undef X
    json_object_set_new(o, "misses", answer_integer(f.misses));
    json_object_set_new(o, "lived_ns", answer_integer(w.busy_ns + w.idle_ns));
    json_object_set_new(o, "emulation_cycles", answer_integer(f.emulation_cycles));
    json_object_set_new(o, "worker_cycles", answer_integer(f.worker_cycles));
    return o;
}

static json_t *all_hooks(const struct accel_choice c[ACCEL_HOOK_COUNT])
{
    json_t *hooks = json_array();
    for (enum accel_hook h = 0; h < ACCEL_HOOK_COUNT; h++)
        json_array_append_new(hooks, one_hook(&c[h], h));
    return hooks;
}

/* Who does what with frames that come in by each interface. */
static json_t *all_ports(const struct workers *ws)
{
    const struct accel_choices *c = workers_accel(ws);
    json_t *ports = json_array();
    for (unsigned i = 0; i < c->nports; i++) {
        struct io_port_info info;
        workers_port(ws, i, &info);
        json_array_append_new(ports, json_pack("{s:s, s:s, s:o}", "interface", info.name, "driver",
                                               info.driver, "hooks", all_hooks(c->port[i])));
    }
    return ports;
}

/* What each provider could do, wherever there is what it needs. */
static json_t *all_providers(void)
{
    json_t *list = json_array();
    for (unsigned i = 0; accel_providers[i]; i++) {
        json_t *hooks = json_array();
        for (enum accel_hook h = 0; h < ACCEL_HOOK_COUNT; h++)
            if (accel_providers[i]->hooks & 1u << h)
                json_array_append_new(hooks, json_string(accel_hook_name(h)));
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "provider", accel_providers[i]->name,
                                              "about", accel_providers[i]->text, "can", hooks));
    }
    return list;
}

json_t *answer_accel(const struct answers *a)
{
    const struct workers *ws = a->workers;
    json_t *engines = json_array();
    for (unsigned i = 0; i < workers_count(ws); i++) {
        json_t *o = one_engine(ws, i);
        if (o)
            json_array_append_new(engines, o);
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "providers", all_providers(), "hooks",
                     all_hooks(workers_accel(ws)->hook), "interfaces", all_ports(ws), "engines", engines);
}

/* status: the process, its interfaces, its workers. */
#include "agent/control/answers/answer.h"

#include <unistd.h>

#include "agent/base/counters.h"

static json_t *one_worker(const struct workers *ws, unsigned i)
{
    struct worker *w = workers_at(ws, i);
    const struct engine *e = worker_engine(w);
    const struct counters *c = engine_counters(e);
    struct worker_info info;
    uint64_t kept_total = 0;
    uint64_t kept = engine_kept_bytes(e, &kept_total);
    worker_info(w, &info);
    uint64_t age = info.busy_ns + info.idle_ns;
    json_t *o = json_pack("{s:i, s:i, s:i, s:i}", "worker", (int)i, "core", info.core, "tid", info.tid,
                          "queues", (int)info.queues);
    json_object_set_new(o, "busy", json_real(age ? (double)info.busy_ns / (double)age : 0));
    json_object_set_new(o, "busy_cycles", answer_integer(info.busy_cycles));
    json_object_set_new(o, "sleeps", answer_integer(info.sleeps));
    json_object_set_new(o, "clients", answer_integer(counter_read(&c->clients_open)));
    json_object_set_new(o, "endpoints", answer_integer(counter_read(&c->endpoints_open)));
    json_object_set_new(o, "endpoints_idle", answer_integer(counter_read(&c->endpoints_idle)));
    json_object_set_new(o, "exchanges", answer_integer(counter_read(&c->exchanges_open)));
    json_object_set_new(o, "requests", answer_integer(counter_read(&c->requests)));
    json_object_set_new(o, "kept_bytes", answer_integer(kept));
    json_object_set_new(o, "kept_bytes_max", answer_integer(kept_total));
    return o;
}

static json_t *one_port(const struct workers *ws, unsigned i)
{
    struct io_port_info p;
    workers_port(ws, i, &p);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:i, s:i, s:b}", "name", p.name, "target", p.target, "driver",
                     p.driver, "why", p.why, "mac", answer_mac(p.mac), "mtu", p.mtu, "queues", p.queues, "up",
                     p.up);
}

static json_t *access_log_state(const struct answers *a)
{
    struct access_log_stats s;
    if (!a->log)
        return json_null();
    access_log_stats(a->log, &s);
    return json_pack("{s:s, s:I, s:I, s:I}", "path", workers_config(a->workers, NULL)->logging.access_log,
                     "lines", (json_int_t)s.lines, "lost", (json_int_t)s.lost, "reopens",
                     (json_int_t)s.reopens);
}

json_t *answer_status(const struct answers *a)
{
    const struct workers *ws = a->workers;
    json_t *workers = json_array(), *ports = json_array();
    for (unsigned i = 0; i < workers_count(ws); i++)
        json_array_append_new(workers, one_worker(ws, i));
    for (unsigned i = 0; i < workers_port_count(ws); i++)
        json_array_append_new(ports, one_port(ws, i));
    double uptime = (double)(workers_now_ns() - a->start_ns) / NS_PER_S;
    return json_pack("{s:s, s:i, s:f, s:o?, s:o, s:o, s:o}", "version", LACON_VERSION, "pid", (int)getpid(),
                     "uptime_s", uptime, "config", json_string(workers_config(ws, NULL)->file), "workers",
                     workers, "interfaces", ports, "access_log", access_log_state(a));
}

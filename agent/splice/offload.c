/* Which flows a flow engine carries, and what must hold while it may (agent/base/flow_rule.h: how it is
 * asked).
 *
 * A flow is the rest of one response: endpoint to client, of a length that is known and not soon used up. The
 * engine adds constants to its numbers; it sees no window, no message boundary and no end. So everything that
 * needs judgement is kept out of its reach, by what the endpoint may send:
 *
 *     endpoint's stream   ... acked by the client | in flight | may be sent | BOUNDARY | end of the message
 *                                              in_acked              in_edge <= until            in_mapped
 *
 * R1. While a rule may exist (conn.offloaded: from insert() to FLOW_GONE) the endpoint is shown no edge
 * beyond `until`, so no legitimate byte of the boundary, of its FIN or of what follows can meet the rule.
 * When the edge would pass it the rule is removed; the edge opens again when it is gone. So an exchange
 * cannot be complete, and its conn not serve another client, while its rule may exist.
 *
 * R2. What the endpoint may have sent counts as sent to the client (conn.ahead: out_max is an upper bound),
 * so that acks of bytes that never came by here are believed, and translated (S5), by the software path. A
 * client that acks what is not sent yet gains nothing: the endpoint refuses the ack.
 *
 * R3. A rule begins where client and endpoint agree: everything before its extent is acked by the client, all
 * that we sent the endpoint is acked by it. Then a late segment from before the rule meets a client that has
 * those bytes, and drops them; and the constant added to acks names what the client knows as acked. And it
 * begins where the client has room for all that the endpoint was ever let send: software cuts what is beyond
 * (a head that grew, a client that took its edge back), an engine cannot. For the same reason an endpoint is
 * not shown room that is less than a unit of its window, which software rounds up: the rule is removed first.
 *
 * R4. The window field goes through as the endpoint wrote it. It is for a request that is over, so the
 * endpoint does not move it; read under the client's scale it must promise no more than the endpoint meant
 * under its own, and no more than we can hold: our own hold is raised to that. It may promise less than the
 * client was shown: while a rule exists the client may see its window shrink, for requests that it pipelines
 * (S4 gives way here to DESIGN's "an under-promise"). Two segments are left to it at least, and every ack of
 * ours shows the whole window again.
 *
 * R5. The local port of an endpoint's conn that ends is not used again before its rule is gone.
 *
 * Frames on both paths at once, in any order, are what a network does to TCP anyway: both say the same.
 *
 * Which flows are offered, and when a rule has to go for the sake of speed, is flow_policy.h. */
#include "agent/splice/offload.h"

#include <errno.h>

#include "agent/base/mutant.h"
#include "agent/splice/offload_slots.h"
#include "agent/splice/remote.h"

#define BOUNDARY    2920u         /* bytes before a message's end that only software passes on */
#define LEAST_SHOWN 2920u         /* bytes of window that an engine leaves for the client's next request */
#define AGAIN_NS    (100 * MS_NS) /* a removal that is not answered is asked for again; doubled */
#define AGAIN_MOST  4u            /* times; then everything is flushed */
#define ASKED_MOST  SEC_NS        /* an insertion that is not answered is given up */

/* ---- is it a flow for the engine? ---- */

/* R3, and that there is nothing on either side but the rest of one body. */
static bool at_rest(const struct splice *s, const struct conn *e, const struct conn *c)
{
    const struct extent x = conn_own(c);
    return e->pub.state == TCP_OPEN && c->pub.state == TCP_OPEN && e->in_mode == IN_DONE && c->x_own &&
           x.in + x.n == e->in_mapped && c->out_una >= x.out + flow_policy_first(&s->off.policy) &&
           conn_in_edge_high(e) + (x.out - x.in) <= conn_out_edge(c) && e->x_count == 0 &&
           e->out_una == e->out_end && !e->fin_queued && !conn_in_fin(e) && !conn_in_fin(c) &&
           !conn_holds(e) && !e->sink && !c->sink;
}

/* R4. *edge: what the engine's segments will show the client. */
static bool windows_fit(const struct conn *e, const struct conn *c, pos_t *edge)
{
    uint64_t field = (conn_out_edge(e) - e->out_una) >> e->snd_shift;
    *edge = c->in_acked + (field << c->rcv_shift);
    return conn_out_edge(e) >= e->out_una && e->snd_shift >= c->rcv_shift &&
           *edge >= c->in_mapped + LEAST_SHOWN && *edge <= c->in_mapped + KBUF_MAX;
}

static bool write_rule(struct splice *s, struct conn *e, struct conn *c, struct flow_rule *r)
{
    struct wire_link in, out;
    const struct extent x = conn_own(c);
    if (ip_is_v4(conn_remote(s, e)) != ip_is_v4(conn_remote(s, c)) || c->mss < remote_mss(e) ||
        !net_link(s->net, conn_path(e), conn_remote(s, e), &in, s->now) ||
        !net_link(s->net, conn_path(c), conn_remote(s, c), &out, s->now))
        return false;
    *r = (struct flow_rule){.in = conn_key(s, e),
                            .in_port = in.port,
                            .in_vlan = in.vlan,
                            .out = conn_key(s, c),
                            .out_port = out.port,
                            .out_vlan = out.vlan,
                            .seq_add = pos_seq(x.out) - pos_seq(x.in),
                            .ack_add = pos_seq(c->in_acked) - pos_seq(e->out_una)};
    memcpy(r->dmac, out.dmac, 6);
    memcpy(r->smac, out.smac, 6);
    return true;
}

/* A place in the table: the slowest rule gives way to a flow twice as fast, next time. */
static bool has_room(struct splice *s, const struct offload *f)
{
    struct offloads *o = &s->off;
    if (o->rules < o->ops.entries)
        return true;
    struct offload *slow = o->slowest;
    o->slowest = NULL;
    if (slow && slow->state == IN && slow->e && flow_policy_yields(&slow->gauge, &f->gauge)) {
        stat_add(&s->cnt->offload_evicted, 1);
        offload_leave(s, slow->e);
    }
    return false;
}

static void refused(struct splice *s)
{
    stat_add(&s->cnt->offload_refused, 1);
    flow_policy_refused(&s->off.policy, s->now);
}

/* ---- asking ---- */

/* R4: what the client will be shown is from now on what we have promised. Its acks may come with any number
 * that its TCP then thinks it may use. */
static void promise(struct conn *c, pos_t edge)
{
    c->in_edge_seq = pos_seq(pos_max(conn_in_edge(c), edge));
    if (edge - c->in_mapped > c->w0 && edge > c->in_mapped)
        conn_set_w0(c, edge - c->in_mapped);
    c->in_edge_high_seq =
        pos_seq(pos_max(conn_in_edge_high(c), c->in_acked + ((pos_t)UINT16_MAX << c->rcv_shift)));
}

static void may_exist(struct splice *s, struct offload *f, pos_t until)
{
    struct conn *e = f->e, *c = conn_peer(e);
    f->c = c;
    f->state = ASKED;
    f->until = until;
    f->delta = conn_own(c).out - conn_own(c).in;
    f->asked_ns = s->now;
    flow_gauge_restart(&f->gauge, e->in_acked, s->now);
    e->offloaded = true;
    s->off.rules++;
    stat_add(&s->cnt->offload_asked, 1);
    stat_add(&s->cnt->offload_rules, 1);
    look_add(s, f);
    offload_shown(e);
}

/* A rule that could be asked for at this moment. */
struct wish {
    struct flow_rule rule;
    pos_t edge, until;
};

static bool fits(struct splice *s, struct conn *e, struct wish *w)
{
    struct conn *c = conn_peer(e);
    w->until = e->in_mapped - BOUNDARY;
    return c && at_rest(s, e, c) && windows_fit(e, c, &w->edge) && w->until >= conn_in_edge_high(e) &&
           write_rule(s, e, c, &w->rule);
}

static void ask(struct splice *s, struct offload *f, const struct wish *w)
{
    struct offloads *o = &s->off;
    if (!flow_policy_wants(&o->policy, &f->gauge, w->until - f->e->in_acked, s->now) || !has_room(s, f))
        return;
    tag_take(o, f);
    int rc = o->ops.insert(o->ops.ctx, f->tag, &w->rule, s->now);
    if (rc == 0) {
        flow_policy_asked(&o->policy, s->now);
        f->rule = w->rule;
        promise(conn_peer(f->e), w->edge);
        may_exist(s, f, w->until);
        return;
    }
    tag_back(o, f);
    if (rc == -ENOTSUP)
        f->gauge.look_ns = UINT64_MAX;
    else
        refused(s);
}

void offload_consider(struct splice *s, struct conn *e)
{
    struct offload *f = slot_of(e);
    struct wish w;
    if (!f) {
        if (e->in_mode == IN_DONE)
            slot_open(s, e);
        return;
    }
    if (f->state != WATCH || !flow_gauge_due(&s->off.policy, &f->gauge, s->now))
        return;
    flow_gauge_look(&f->gauge, e->in_acked, s->now);
    f->unfit = !fits(s, e, &w);
    f = slot_settle(s, f);
    if (f && !f->unfit)
        ask(s, f, &w);
}

/* ---- while it may exist ---- */

/* Is there room, and less than a unit of the window? The endpoint would be shown a unit (window_field()). */
static bool narrow(const struct conn *e)
{
    pos_t ack = conn_ack_pos(e), edge = conn_offer(e);
    return edge > ack && edge - ack < UINT64_C(1) << e->rcv_shift && !mutant(offload_narrow_shown);
}

pos_t offload_edge(struct splice *s, struct conn *e, pos_t edge)
{
    const struct offload *f = slot_of(e);
    if (narrow(e)) {
        offload_leave(s, e);
        return conn_ack_pos(e);
    }
    if (edge >= f->until || flow_policy_ends(&s->off.policy, &f->gauge, f->until - edge))
        offload_leave(s, e);
    return mutant(offload_edge_open) ? edge : pos_min(edge, f->until);
}

void offload_shown(struct conn *e)
{
    const struct offload *f = slot_of(e);
    if (!f->c || mutant(offload_acks_unbelieved))
        return;
    f->c->out_max_seq = pos_seq(pos_max(conn_out_max(f->c), conn_in_edge_high(e) + f->delta));
    f->c->ahead = true;
}

void offload_leave(struct splice *s, struct conn *e)
{
    struct offload *f = slot_of(e);
    if (!e->offloaded || f->state == LEAVING)
        return;
    f->state = LEAVING;
    f->tries = 0;
    f->asked_ns = f->left_ns = s->now;
    flow_policy_asked(&s->off.policy, s->now);
    s->off.ops.remove(s->off.ops.ctx, f->tag, s->now);
}

void offload_part(struct splice *s, struct conn *e)
{
    struct offload *f = slot_of(e);
    if (!f)
        return;
    if (e->offloaded) {
        offload_leave(s, e);
        f->c = NULL;
    } else {
        slot_close(s, f);
    }
}

bool offload_holds_port(struct splice *s, struct conn *e)
{
    struct offload *f = slot_of(e);
    if (!f)
        return false;
    if (!e->offloaded) {
        slot_close(s, f);
        return false;
    }
    extra_close(s, e, USE_OFFLOAD);
    f->e = f->c = NULL;
    f->remote = conn_to(e);
    f->last_seq = pos_seq(conn_out_max(e));
    return !mutant(offload_port_early);
}

static bool link_moved(struct splice *s, const struct offload *f)
{
    struct conn *c = conn_peer(f->e);
    struct wire_link l;
    if (!c || !net_link(s->net, conn_path(c), conn_remote(s, c), &l, s->now))
        return true;
    return memcmp(l.dmac, f->rule.dmac, 6) != 0 || memcmp(l.smac, f->rule.smac, 6) != 0 ||
           l.port != f->rule.out_port || l.vlan != f->rule.out_vlan;
}

static bool has_to_go(struct splice *s, const struct offload *f)
{
    const struct conn *e = f->e, *c = conn_peer(e);
    if (!c || e->pub.state != TCP_OPEN || c->pub.state != TCP_OPEN || conn_in_fin(e) || conn_in_fin(c))
        return true;
    return f->gauge.slow || (f->state == ASKED && s->now - f->asked_ns >= ASKED_MOST) ||
           c->mss < remote_mss(e) || link_moved(s, f);
}

static void insist(struct splice *s, struct offload *f)
{
    struct offloads *o = &s->off;
    if (s->now - f->left_ns > o->policy.gone_ns)
        flow_policy_took_out(&o->policy, s->now - f->left_ns);
    if (s->now - f->asked_ns < AGAIN_NS << f->tries)
        return;
    f->asked_ns = s->now;
    if (f->tries == AGAIN_MOST) {
        o->ops.flush(o->ops.ctx, s->now);
        return;
    }
    f->tries++;
    o->ops.remove(o->ops.ctx, f->tag, s->now);
}

static void look(struct splice *s, struct offload *f)
{
    struct offloads *o = &s->off;
    if (f->state == LEAVING) {
        insist(s, f);
        return;
    }
    flow_gauge_look(&f->gauge, f->e->in_acked, s->now);
    if (!o->slowest || o->slowest->state != IN || f->gauge.rate < o->slowest->gauge.rate)
        o->slowest = f;
    if (has_to_go(s, f))
        offload_leave(s, f->e);
}

void offload_tick(struct splice *s)
{
    struct offloads *o = &s->off;
    flow_policy_tick(&o->policy, s->now);
    while (o->look_first && o->look_first->look_ns <= s->now) {
        struct offload *f = o->look_first;
        look_remove(s, f);
        look_add(s, f);
        look(s, f);
    }
}

uint64_t offload_next_ns(const struct splice *s)
{
    return s->off.look_first ? s->off.look_first->look_ns : UINT64_MAX;
}

/* ---- answers ---- */

/* Payload bytes of what the rule took; short frames that were padded count a little more. */
static uint64_t payload_of(const struct flow_rule *r, const struct flow_answer *a)
{
    uint64_t headers = (r->in_vlan ? 18u : 14u) + (ip_is_v4(&r->in.remote) ? 40u : 60u);
    uint64_t all = headers * a->packets;
    return a->bytes > all ? a->bytes - all : 0;
}

/* What the rule took is counted. How far it has sent remains unknown (R2 holds on): a segment that the
 * network lost before it came here left a hole, so the bytes taken are no bound. */
static void settle(struct offload *f, const struct flow_answer *a)
{
    if (!a->counted)
        return;
    uint64_t n = payload_of(&f->rule, a);
    f->e->pub.bytes_in += n;
    if (f->c)
        f->c->pub.bytes_out += n;
}

static void gone(struct splice *s, struct offload *f, const struct flow_answer *a)
{
    struct offloads *o = &s->off;
    struct conn *e = f->e;
    if (f->state == LEAVING && a->why == FLOW_WHY_ASKED)
        flow_policy_took_out(&o->policy, s->now - f->left_ns);
    look_remove(s, f);
    tag_back(o, f);
    o->rules--;
    stat_add(&s->cnt->offload_rules, (uint64_t)-1);
    if (a->counted && !mutant(offload_forgets_count)) {
        stat_add(&s->cnt->offload_frames, a->packets);
        stat_add(&s->cnt->offload_bytes, a->bytes);
    }
    f->state = WATCH;
    flow_gauge_cool(&o->policy, &f->gauge, s->now);
    if (a->why == FLOW_WHY_REFUSED)
        f->gauge.look_ns = UINT64_MAX;
    if (a->why == FLOW_WHY_FULL || a->why == FLOW_WHY_REFUSED)
        refused(s);
    if (!e) {
        remote_port_back(s, f->remote, f->rule.in.local_port, f->last_seq);
        slot_close(s, f);
        return;
    }
    settle(f, a);
    e->offloaded = false;
    if (!f->c)
        slot_close(s, f);
    e->ack_now |= narrow(e);
    seg_flush(s, e); /* the window opens */
}

void splice_flow_answers(struct splice *s, const struct flow_answer a[], unsigned n)
{
    struct offloads *o = &s->off;
    for (unsigned i = 0; i < n; i++) {
        struct offload *f = o->of_tag[a[i].tag];
        if (a[i].told == FLOW_GONE) {
            gone(s, f, &a[i]);
        } else if (f->state == ASKED) {
            f->state = IN;
            flow_policy_took_in(&o->policy, s->now - f->asked_ns);
        }
    }
}

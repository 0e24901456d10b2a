/* What is derived of a configuration: an endpoint for each address of a name, weights as ordered. */
#include "tests/unit/config_rig.h"

#define NAMED                                                                                                \
    "clusters: [{name: c, endpoints: [{address: \"a.internal:81\", weight: 3, priority: 2}, {address: "      \
    "\"10.0.0.9:80\"}, "                                                                                     \
    "{address: \"b:81\"}]}, {name: d, endpoints: [{address: \"none.internal:80\"}]}]\n"

static struct config *parsed(void)
{
    static const char yaml[] = INTERFACES LISTENERS ROUTES NAMED;
    struct cfg_errors errs;
    struct config *c = config_parse("f", yaml, sizeof yaml - 1, &errs);

    cr_assert(c, "%s", errs.n ? errs.e[0].message : "?");
    cfg_errors_free(&errs);
    return c;
}

static struct ip_addr ip(uint8_t last)
{
    return ip_from_v4((const uint8_t[]){10, 0, 0, last});
}

static struct ip_addr known[CFG_MAX_ENDPOINTS + 1];

/* a.internal is .1, .2 and .3; b is .3 and .4, on the same port. */
static uint32_t addresses(void *ctx, const char *host, const struct ip_addr **addr)
{
    (void)ctx;
    for (uint8_t i = 0; i < 5; i++)
        known[i] = ip(i);
    *addr = strcmp(host, "b") == 0 ? known + 3 : known + 1;
    return strcmp(host, "a.internal") == 0 ? 3 : strcmp(host, "b") == 0 ? 2 : 0;
}

static uint32_t weight(void *ctx, const char *cluster, const struct ip_port *at, uint32_t of_file)
{
    (void)ctx;
    cr_assert_str_eq(cluster, "c");
    return at->addr.b[15] == 2 ? 7 : of_file;
}

Test(config_derive, is_of_the_same_file)
{
    const struct cfg_lookup l = {NULL, addresses, weight};
    struct config *base = parsed(), *again = parsed(), *a = config_derive(base, &l),
                  *b = config_derive(base, &l), *other = config_derive(again, &l);

    cr_assert(a && b && other);
    cr_expect(config_same_file(a, b));
    cr_expect(!config_same_file(a, other), "a reload of an unchanged file is a reload");
    config_free(a);
    config_free(b);
    config_free(other);
    config_free(again);
    config_free(base);
}

Test(config_derive, names_become_addresses)
{
    struct config *base = parsed(), *c = config_derive(base, &(struct cfg_lookup){NULL, addresses, weight});
    const struct cfg_endpoint *e;

    cr_assert(c);
    config_free(base); /* what was derived keeps it */
    cr_assert_eq(c->cluster[0].nendpoint, 5, "the address that both names have is there once");
    e = c->cluster[0].endpoint;
    for (uint8_t i = 0; i < 3; i++) {
        struct ip_addr wanted = ip((uint8_t)(i + 1));

        cr_assert(ip_eq(&e[i].at.addr, &wanted) && e[i].at.port == 81 && e[i].priority == 2);
        cr_assert_str_eq(e[i].host, "a.internal");
        cr_assert_eq(e[i].weight, i == 1 ? 7 : 3);
    }
    cr_assert(e[3].at.addr.b[15] == 9 && e[3].at.port == 80 && !e[3].host);
    cr_assert(e[4].at.addr.b[15] == 4 && e[4].weight == 1);
    cr_assert_eq(c->cluster[1].nendpoint, 0);
    cr_assert_str_eq(c->cluster[1].name, "d");
    cr_assert_str_eq(c->listener[0].name, "l");
    config_free(c);
}

/* Whichever stands first, what is given by its address is what is said there. */
Test(config_derive, a_name_for_what_is_given_by_its_address)
{
    static const char yaml[] =
        INTERFACES LISTENERS ROUTES "clusters: [{name: c, endpoints: [{address: \"10.0.0.1:81\", weight: 5}, "
                                    "{address: \"a.internal:81\"}, "
                                    "{address: \"10.0.0.3:81\", weight: 9}]}]\n";
    struct cfg_errors errs;
    struct config *base = config_parse("f", yaml, sizeof yaml - 1, &errs),
                  *c = config_derive(base, &(struct cfg_lookup){NULL, addresses, weight});
    const struct cfg_endpoint *e = c->cluster[0].endpoint;

    cr_assert_eq(c->cluster[0].nendpoint, 3);
    cr_expect(e[0].at.addr.b[15] == 1 && !e[0].host && e[0].weight == 5);
    cr_expect(e[1].at.addr.b[15] == 2 && e[1].host);
    cr_expect(e[2].at.addr.b[15] == 3 && !e[2].host && e[2].weight == 9);
    cfg_errors_free(&errs);
    config_free(base);
    config_free(c);
}

Test(config_derive, several_of_one)
{
    struct config *base = parsed();
    struct cfg_lookup l = {NULL, addresses, weight};
    struct config *a = config_derive(base, &l), *b = config_derive(base, &l);

    config_free(a);
    cr_assert_str_eq(base->cluster[0].endpoint[0].host, "a.internal");
    config_free(base);
    cr_assert_eq(b->cluster[0].nendpoint, 5);
    config_free(b);
}

static uint32_t thousands(void *ctx, const char *host, const struct ip_addr **addr)
{
    (void)ctx;
    (void)host;
    for (uint32_t i = 0; i <= CFG_MAX_ENDPOINTS; i++)
        known[i] = ip_from_v4((const uint8_t[]){10, 1, (uint8_t)(i >> 8), (uint8_t)i});
    *addr = known;
    return CFG_MAX_ENDPOINTS + 1;
}

static uint32_t of_file(void *ctx, const char *cluster, const struct ip_port *at, uint32_t w)
{
    (void)ctx;
    (void)cluster;
    (void)at;
    return w;
}

Test(config_derive, a_name_with_too_many_addresses)
{
    struct config *base = parsed(), *c = config_derive(base, &(struct cfg_lookup){NULL, thousands, of_file});

    cr_assert_eq(c->cluster[0].nendpoint, CFG_MAX_ENDPOINTS);
    config_free(c);
    config_free(base);
}

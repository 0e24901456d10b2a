/* policy: the algorithms by name, and the hash that those which need one agree on. Constant; any thread. */
#include "lb-policy/policy.h"

#include "agent/base/siphash.h"

#define X(id, name, hashes) extern const struct lb_policy lb_##name;
LB_POLICIES(X)
#undef X

static const struct lb_policy *const policies[] = {
#define X(id, name, hashes) &lb_##name,
    LB_POLICIES(X)
#undef X
};

const struct lb_policy *lb_policy_nth(unsigned i)
{
    return i < sizeof policies / sizeof policies[0] ? policies[i] : NULL;
}

const struct lb_policy *lb_policy_find(const char *name)
{
    for (unsigned i = 0; i < sizeof policies / sizeof policies[0]; i++)
        if (strcmp(policies[i]->name, name) == 0)
            return policies[i];
    return NULL;
}

bool lb_policy_hashes(const struct lb_policy *p)
{
    return p->hashes;
}

uint64_t lb_hash(struct span bytes)
{
    static const struct sip_key everybodys = {UINT64_C(0x6c61636f6e206c62), UINT64_C(0x2068617368203031)};
    return siphash(&everybodys, bytes.p, bytes.n);
}

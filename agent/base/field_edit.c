/* See field_edit.h. */
#include "agent/base/field_edit.h"

bool field_edit_names(const struct field_edit *e, struct span name)
{
    if (!(e->names & field_name_bit(name)))
        return false;
    for (uint32_t i = 0; i < e->nremove; i++)
        if (span_ieq(name, span_str(e->remove[i])))
            return true;
    for (uint32_t i = 0; i < e->nset; i++)
        if (span_ieq(name, span_str(e->set[i].name)))
            return true;
    return false;
}

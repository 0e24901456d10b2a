/* memory: what each part takes at most, and what the process has. */
#include "agent/control/answers/answer.h"

#include "agent/control/process.h"

json_t *answer_memory(const struct answers *a)
{
    struct memory_list l;
    json_t *parts = json_array();
    process_memory(a->workers, a->start_bytes, &l);
    for (unsigned i = 0; i < l.n; i++)
        json_array_append_new(
            parts, json_pack("{s:s, s:I}", "part", l.part[i].name, "bytes", (json_int_t)l.part[i].bytes));
    return json_pack("{s:o, s:o, s:o}", "parts", parts, "bytes_max", answer_integer(memory_total(&l)),
                     "resident", answer_integer(process_resident()));
}

#include "agent/laconctl/answer.h"

#include <stdio.h>

const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "-";
}

long long int_of(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

double real_of(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

struct duration duration(double seconds)
{
    struct duration d;
    long long s = (long long)seconds;
    if (s >= 86400)
        snprintf(d.text, sizeof d.text, "%lldd %lldh %lldm %llds", s / 86400, s / 3600 % 24, s / 60 % 60,
                 s % 60);
    else if (s >= 3600)
        snprintf(d.text, sizeof d.text, "%lldh %lldm %llds", s / 3600, s / 60 % 60, s % 60);
    else if (s >= 60)
        snprintf(d.text, sizeof d.text, "%lldm %llds", s / 60, s % 60);
    else
        snprintf(d.text, sizeof d.text, "%.1fs", seconds);
    return d;
}

void text_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%s", text_of(o, key));
}

void int_cell(struct table *t, const json_t *o, const char *key)
{
    cell(t, "%lld", int_of(o, key));
}

void duration_cell(struct table *t, const json_t *o, const char *key)
{
    if (json_is_number(json_object_get(o, key)))
        cell(t, "%s", duration(real_of(o, key)).text);
    else
        cell(t, "-");
}

void print_list(const json_t *list, const struct column *columns)
{
    struct table t = {0};
    size_t i;
    json_t *item;
    for (const struct column *c = columns; c->head; c++) {
        cell(&t, "%s", c->head);
        t.ncolumn++;
    }
    json_array_foreach(list, i, item) for (const struct column *c = columns; c->head; c++)
        c->write(&t, item, c->key);
    print_table(&t);
}

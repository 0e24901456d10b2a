/* sections: every key of the file, with its place in config.h's structs, its default and its limits; one file
 * for each section of the file. What the keys mean is told in README.md and example.yaml. All of it is
 * constant; any thread. */
#ifndef LACON_CONFIG_SECTIONS_H
#define LACON_CONFIG_SECTIONS_H

#include "config/kinds.h"

/* ---- to write tables with ---- */

#define FIELD(type, field) .offset = offsetof(type, field), .width = sizeof(((type *)0)->field)
#define ITEM(type)         .is_item = true, .width = sizeof(type)
/* A list: the pointer's field, the count's field, and what its items are. */
#define LIST(type, field, count, of)                                                                         \
    .kind = &kind_list, FIELD(type, field), .count_offset = offsetof(type, count), .item = &(of)
#define SECTION(s) .kind = &kind_section, .section = &(s)
#define KEYS(k)    .nkeys = sizeof(k) / sizeof *(k), .keys = (k)

#define MS   1000000ull
#define HOUR (3600000ull * MS)
#define KIB  1024ull
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)

/* What the name of a header field, and a method, are made of (RFC 9110, 5.6.2). */
#define TOKEN "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ---- what texts have to be (struct cfg_key's judge): NULL, or what the text should have been ---- */

const char *judge_name(const char *s);
const char *judge_match_path(const char *s);
const char *judge_field_name(const char *s);
const char *judge_value(const char *s); /* a header field's or query parameter's */
const char *judge_regex(const char *s);
const char *judge_file(const char *s);
const char *judge_prefix_replacement(const char *s); /* a path, or nothing */

/* ---- edits of header fields (headers.c): keys of listeners, rules and clusters ---- */

extern const struct cfg_section request_edit_section, response_edit_section;
extern const struct key_kind kind_field_edit;
#define FIELD_EDITS(type)                                                                                    \
    {.name = "request_headers",                                                                              \
     .kind = &kind_field_edit,                                                                               \
     .section = &request_edit_section,                                                                       \
     FIELD(type, request_edit)},                                                                             \
    {                                                                                                        \
        .name = "response_headers", .kind = &kind_field_edit, .section = &response_edit_section,             \
        FIELD(type, response_edit)                                                                           \
    }

extern const struct cfg_section affinity_section; /* affinity.c: of clusters */
extern const struct key_kind kind_affinity;

/* ---- parts of a cluster ---- */

extern const struct cfg_section health_check_section, outlier_section;

/* ---- the parts of the file, for top.c ---- */

extern const struct cfg_section dpdk_section, limits_section, accel_section, dns_section, admin_section,
    logging_section;
extern const struct cfg_key interface_item, listener_item, route_item, cluster_item;

/* ---- in more than one section ---- */

extern const struct cfg_key rate_limit_item; /* rates.c */

#endif

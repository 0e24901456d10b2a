/* kinds: every kind of value that a key may have. See keys.h for what a kind is. */
#ifndef LACON_CONFIG_KINDS_H
#define LACON_CONFIG_KINDS_H

#include "config/keys.h"

/* read.c: groups of keys, and lists of anything */
extern const struct key_kind kind_section, kind_list;

/* kinds.c: plain values */
extern const struct key_kind kind_uint, kind_duration, kind_size, kind_bool, kind_word;
extern const struct key_kind kind_uint_or_none; /* 0, which cannot be written: none */
extern const struct key_kind kind_word_or_none; /* the first word stands for none */
extern const struct key_kind kind_text;         /* char *; cfg_key.judge says what is allowed */
extern const struct key_kind kind_output;       /* char *: text, or off: NULL */
extern const struct key_kind kind_mode;         /* file permissions */
extern const struct key_kind kind_mtu;          /* a number, or 0: as the device says */
extern const struct key_kind kind_percent;      /* uint32_t: "0%" to "100%" */

/* names.c */
extern const struct key_kind kind_cluster, kind_listener; /* index of what is named */

/* kinds_rules.c */
extern const struct key_kind kind_match_path; /* struct cfg_match; which: enum cfg_match_path */
extern const struct key_kind kind_condition;  /* struct cfg_condition; which: enum cfg_test */
extern const struct key_kind kind_action;     /* a section of struct cfg_rule; which: enum cfg_action */
extern const struct key_kind kind_deny;       /* struct cfg_rule: true */
extern const struct key_kind kind_hash_key;   /* struct cfg_cluster: hash_key */
extern const struct key_kind kind_split_key;  /* struct cfg_rule: split_fixed, split_key */
extern const struct key_kind kind_rate_key;   /* struct cfg_rate_limit: keyed, key */

/* kinds_health.c */
extern const struct key_kind kind_retry_on; /* uint16_t: a word, or a number that is not among them */
extern const struct key_kind kind_statuses; /* struct cfg_statuses: 200, or 200-399 */
extern const struct key_kind kind_check;    /* a section, struct cfg_health_check, that may be absent */
extern const struct key_kind kind_proxy_in; /* a section, struct cfg_proxy_in; may be absent */

/* kinds_net.c; those with a struct's name read several of its fields */
extern const struct key_kind kind_target;      /* struct cfg_interface; which: enum cfg_if_kind */
extern const struct key_kind kind_driver;      /* struct cfg_interface */
extern const struct key_kind kind_gateway;     /* struct cfg_interface; which: 4 or 6 */
extern const struct key_kind kind_prefix;      /* struct cfg_prefix: an address in its network */
extern const struct key_kind kind_network;     /* struct cfg_prefix: a network */
extern const struct key_kind kind_listen;      /* struct cfg_listener: at, any4, any6 */
extern const struct key_kind kind_endpoint;    /* struct cfg_endpoint: at, host */
extern const struct key_kind kind_name_server; /* struct ip_port */
extern const struct key_kind kind_ports;       /* struct cfg_dpdk: port_lo, port_hi */
extern const struct key_kind kind_host;        /* char *, lower case */
extern const struct key_kind kind_plain_host;  /* the same, no wildcard; may be absent */

/* ---- what kinds are made of ---- */

/* The value of a number, whatever the width of its field. */
void key_store(const struct cfg_key *k, void *obj, uint64_t v);
uint64_t key_load(const struct cfg_key *k, const void *obj);

/* kind_word's and kind_text's, for kinds that take more than these. */
bool read_word(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj);
bool read_text(struct reading *r, const struct cfg_key *k, const struct node *v, void *obj);
void print_text(FILE *f, const struct config *c, const struct cfg_key *k, const void *obj);

/* What the text of a network (kind_network) should have been; NULL: *p is it. */
const char *judge_network(const char *text, struct cfg_prefix *p);

/* Prints text so that it reads back as itself: in quotes where a reader of YAML might see something else. */
void print_quoted(FILE *f, const char *s);

#endif

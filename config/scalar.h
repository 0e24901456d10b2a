/* scalar: the small languages inside values: numbers, durations, sizes, addresses; each way, text to value
 * and value to text. Pure functions on plain text, any thread. */
#ifndef LACON_CONFIG_SCALAR_H
#define LACON_CONFIG_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

#define SCALAR_STRLEN 64 /* room for any value's text, with its zero */

/* Decimal digits alone, no leading zero (in YAML that would be octal, to some). */
bool scalar_uint(const char *s, uint64_t *out);

/* true, false, and what YAML 1.1 takes for them: yes, no, on, off. */
bool scalar_bool(const char *s, bool *out);

/* A whole number and one of ms, s, m, h; in nanoseconds. Too large for 64 bits: UINT64_MAX. */
bool scalar_duration(const char *s, uint64_t *ns);
const char *scalar_duration_str(uint64_t ns, char buf[SCALAR_STRLEN]);

/* A whole number of bytes, or of KiB, MiB, GiB. Too large for 64 bits: UINT64_MAX. */
bool scalar_size(const char *s, uint64_t *bytes);
const char *scalar_size_str(uint64_t bytes, char buf[SCALAR_STRLEN]);

/* An IPv4 or IPv6 address; IPv4-mapped IPv6 text is refused, for it reads as one family and means the other.
 */
bool scalar_ip(const char *s, size_t n, struct ip_addr *out);

/* 10.0.0.1:80 or [fd00::1]:80; the port is 1..65535. */
bool scalar_ip_port(const char *s, struct ip_port *out);
const char *scalar_ip_port_str(const struct ip_port *p, char buf[SCALAR_STRLEN]);

/* 10.0.0.2/24 or fd00::2/64. */
bool scalar_prefix(const char *s, struct cfg_prefix *out);
const char *scalar_prefix_str(const struct cfg_prefix *p, char buf[SCALAR_STRLEN]);

#endif

/* regex: regular expressions that cost time in proportion to the text, whatever the expression: never a
 * backtracking engine, since clients choose the text. By Vectorscan (Hyperscan's fork for x86 and ARM):
 * automata compiled beforehand, no allocation and no lock while matching, and many expressions in one pass
 * over the text. (RE2 builds its automata while matching, behind a lock; it is C++. TRE allocates while
 * matching.)
 *
 * The syntax is PCRE's without what needs backtracking: back references, look-around, atomic groups. An
 * expression always stands for the whole text, and bytes are bytes. */
#ifndef LACON_BASE_REGEX_H
#define LACON_BASE_REGEX_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/base/span.h"

#define REGEX_WHY  160 /* room for a message, with its zero */
#define REGEX_LONG 512 /* bytes of an expression, at most */

/* One expression, or several that are looked for together; immutable: any thread. */
struct regex;

/* NULL when an expression is refused: *which of them, and why. Short of memory is *which == n. free(NULL) is
 * legal. Takes long (milliseconds): not on a worker that carries traffic. */
struct regex *regex_make(const char *const *expression, uint32_t n, uint32_t *which, char why[REGEX_WHY]);
void regex_free(struct regex *r);

/* What matching needs of memory: one for each thread, fitted beforehand to every regex it is used with. NULL
 * is the one that fits none; false when memory is short. */
struct regex_scratch;
bool regex_fit(struct regex_scratch **s, const struct regex *r);
void regex_scratch_free(struct regex_scratch *s);

/* Does one of them match all of `text`? */
bool regex_matches(const struct regex *r, const struct regex_scratch *s, struct span text);

/* Calls found(ctx, i) for each expression that matches all of `text`, in no order, each once. */
void regex_each(const struct regex *r, const struct regex_scratch *s, struct span text,
                void (*found)(void *ctx, uint32_t i), void *ctx);

#endif

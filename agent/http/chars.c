/* The class table, computed by the compiler from the grammar rather than typed in by hand. Constant data; any
 * thread. */
#include "agent/http/chars.h"

#define BETWEEN(c, lo, hi) ((c) >= (lo) && (c) <= (hi))
#define DIGIT(c)           BETWEEN(c, '0', '9')
#define HEX(c)             (DIGIT(c) || BETWEEN(c, 'a', 'f') || BETWEEN(c, 'A', 'F'))
#define ALNUM(c)           (DIGIT(c) || BETWEEN(c, 'a', 'z') || BETWEEN(c, 'A', 'Z'))
#define TOKEN(c)                                                                                             \
    (ALNUM(c) || (c) == '!' || BETWEEN(c, '#', '\'') || (c) == '*' || (c) == '+' || (c) == '-' ||            \
     (c) == '.' || BETWEEN(c, '^', '`') || (c) == '|' || (c) == '~')
#define TEXT(c)   ((c) == '\t' || ((c) >= ' ' && (c) != 0x7f))
#define TARGET(c) (BETWEEN(c, 0x21, 0x7e) && (c) != '#')
#define REG_NAME(c)                                                                                          \
    (ALNUM(c) || (c) == '!' || (c) == '$' || BETWEEN(c, '&', '.') || (c) == ';' || (c) == '=' ||             \
     (c) == '_' || (c) == '~')

#define CLASS(c)                                                                                             \
    (uint8_t)((TOKEN(c) ? HTTP_C_TOKEN : 0) | (TEXT(c) ? HTTP_C_TEXT : 0) |                                  \
              (TARGET(c) ? HTTP_C_TARGET : 0) | (REG_NAME(c) ? HTTP_C_REG_NAME : 0) |                        \
              (DIGIT(c) ? HTTP_C_DIGIT : 0) | (HEX(c) ? HTTP_C_HEX : 0))
#define CLASS4(c)  CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define CLASS16(c) CLASS4(c), CLASS4((c) + 4), CLASS4((c) + 8), CLASS4((c) + 12)
#define CLASS64(c) CLASS16(c), CLASS16((c) + 16), CLASS16((c) + 32), CLASS16((c) + 48)

const uint8_t http_class[256] = {CLASS64(0), CLASS64(64), CLASS64(128), CLASS64(192)};

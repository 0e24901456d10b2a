/* words: what a device tells about a frame beside it, truly: that its TCP checksum is right or wrong, and the
 * VLAN tag, which it has taken out. */
#ifndef SIM_WORDS_H
#define SIM_WORDS_H

#include "agent/base/frame.h"

void words_describe(struct frame *f);

#endif

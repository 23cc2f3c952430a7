/* Headers as the API shows them. */
#ifndef AINN_API_PROBE_H
#define AINN_API_PROBE_H

#include "ainn.h"
#include "container/frame.h"

/* Everything that a frame's header says. */
void ainn_info_of_frame(const ainn_frame *frame, uint8_t orientation, ainn_info *info);

#endif

/* Whether a picture has parts that the network may be bad at: a quick look at the pixels before anything else. */
#ifndef AINN_DETAIL_CANDIDATES_H
#define AINN_DETAIL_CANDIDATES_H

#include "ainn.h"

/* 1 where a closer look is worth while. */
int ainn_detail_candidates(const ainn_image *image);

#endif

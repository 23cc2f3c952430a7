/* PDM: residual blocks that take quantisation noise from a stream, told the quality; CFRM and MS-CFRM use them too. */
#ifndef AINN_TRANSFORM_PDM_H
#define AINN_TRANSFORM_PDM_H

#include "transform/pipeline.h"

/* The second half of x + bottleneck(x), in place, of a hidden tensor that ainn_add_bottleneck_begin() made. Returns the
 * changed tensor. */
ainn_tensor *ainn_add_residual_end(ainn_plan *plan, const ainn_bottleneck *bottleneck, ainn_tensor *hidden, ainn_tensor *x);

/* The last PDM stage, `fine`: both streams side by side at half resolution, two 3x3. Returns the changed tensor. */
ainn_tensor *ainn_add_fine(ainn_plan *plan, int quality_code, ainn_tensor *both);

#endif

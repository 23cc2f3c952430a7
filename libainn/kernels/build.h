/* Which kernels are compiled in. */
#ifndef AINN_KERNELS_BUILD_H
#define AINN_KERNELS_BUILD_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#endif

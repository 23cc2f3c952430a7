/* A progress bar on standard error: only on a terminal, only for work that takes longer than a moment. */
#ifndef AINN_TOOLS_PROGRESS_H
#define AINN_TOOLS_PROGRESS_H

#include <stdbool.h>

/* Begins a bar; `label` must live until progress_end(). */
void progress_start(const char *label);
/* Share of the work that is done, 0 to 1. */
void progress_update(double share);
/* Removes the bar. */
void progress_end(void);
/* Removes what is drawn, so that a message can be printed; the next update draws it again. */
void progress_clear(void);

#endif

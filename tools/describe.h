/* What ainninfo says of files and models, in words or as JSON. */
#ifndef AINN_TOOLS_DESCRIBE_H
#define AINN_TOOLS_DESCRIBE_H

#include "container.h"
#include "json.h"

/* `json` NULL: words. The result is EXIT_TROUBLE, after a message, where a frame of a sequence is damaged. */
int describe_file(const ainn_file *file, json *out);
void describe_model(ainn_model *model, json *out);

#endif

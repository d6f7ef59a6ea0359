/* config_private.h: for tests. */
#ifndef VIDIMUS_CONFIG_CONFIG_PRIVATE_H
#define VIDIMUS_CONFIG_CONFIG_PRIVATE_H

#include "base/text.h"
#include "config/config.h"

/* As config_read(), of TEXT instead of a file; it may include nothing, and
 * tables are not read.  NAME is for messages. */
struct config *config_read_text(const char *name, struct text text, config_report_fn *report,
                                void *context);

#endif

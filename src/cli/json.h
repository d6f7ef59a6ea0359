/* json.h: a judgement as the JSON object of `vidimus check --json`.
 *
 * Built from the same structs as the header and the log line.  Text that is
 * not UTF-8 is repaired with U+FFFD, so that hostile mail gives valid JSON. */
#ifndef VIDIMUS_CLI_JSON_H
#define VIDIMUS_CLI_JSON_H

#include <stdbool.h>
#include <stdio.h>

struct judgement;

/* False when memory or OUT failed. */
bool print_json(const struct judgement *judgement, FILE *out);

#endif

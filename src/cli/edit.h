/* edit.h: a message file with a plan carried out. */
#ifndef VIDIMUS_CLI_EDIT_H
#define VIDIMUS_CLI_EDIT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"

struct message;
struct plan;

/* Writes what OCTETS hold, which eml_read() made MESSAGE of (all of its fields
 * are stored), as PLAN leaves it.  Every other octet stays as it is, but a leading
 * mbox line is left out; inserted fields get the line ends of the first line.
 * False: memory, or a write failed (errno). */
bool edit_write(struct text octets, const struct message *message, const struct plan *plan,
                FILE *out);

#endif

/* log.h: every line that vidimus logs goes through here.
 *
 * Lines are logfmt: key=value, one line an event.  Text from the network is
 * escaped (vis(3)) and quoted when it holds anything but plain characters, so
 * one event is always one line.  Secrets are never passed in.
 *
 * Levels are named by audience.
 */
#ifndef VIDIMUS_BASE_LOG_H
#define VIDIMUS_BASE_LOG_H

#include <stdbool.h>

#include "base/journal.h"
#include "base/text.h"

enum log_level {
    LOG_LEVEL_FAULT, /* the administrator must act: wrong or lost service */
    LOG_LEVEL_WARN,  /* the administrator should know */
    LOG_LEVEL_MAIL,  /* one line a message, start, stop, reload */
    LOG_LEVEL_DEBUG  /* with -v */
};

enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG, LOG_TARGET_JOURNAL };

/* Chooses the target; before the first call lines go to stderr.  VERBOSE lets
 * LOG_LEVEL_DEBUG through.  PROGRAM stays lent.  Threads may be logging. */
void log_open(enum log_target target, const char *program, bool verbose);

/* Whether stderr is connected to the journal (JOURNAL_STREAM of systemd). */
bool log_stderr_is_journal(void);

/* Whether fields of log_event() go anywhere: do not make them for nothing. */
bool log_has_fields(void);

/* One line; to the journal with FIELDS besides, at most LOG_FIELDS_MAX.  Their values
 * have been through log_escape(), or are plain text. */
enum { LOG_FIELDS_MAX = JOURNAL_FIELDS_MAX - 3 };

void log_event(enum log_level level, const struct journal_field *fields, size_t count,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* One line.  Arguments must be plain text already (use log_quote_into). */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line of a process that dies: LOG_LEVEL_FAULT, from a signal handler (all that it
 * calls is in signal-safety(7), and it takes no lock). */
void log_last_words(const char *text);

/* Room for the quoted form of LEN octets: each at most 4, two quotes, NUL. */
enum { LOG_QUOTED_MAX = 512 };

/* T as a logfmt value: bare when it is plain, else in double quotes with
 * escapes; cut (with "...") so that it fits OUT.  Returns OUT. */
const char *log_quote(struct text t, char out[LOG_QUOTED_MAX]);

/* T with escapes (vis(3)) and without quotes, for a field of log_event(); cut likewise.
 * Returns OUT. */
const char *log_escape(struct text t, char out[LOG_QUOTED_MAX]);

#endif

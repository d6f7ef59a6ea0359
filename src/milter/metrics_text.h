/* metrics_text.h: the status as samples for Prometheus.
 *
 * Labels come from our own name tables: how many samples there are does not depend
 * on what mail comes, and none of them holds a domain, an address or a text of
 * somebody else's. */
#ifndef VIDIMUS_MILTER_METRICS_TEXT_H
#define VIDIMUS_MILTER_METRICS_TEXT_H

struct buf;
struct status;

enum metrics_format {
    METRICS_PLAIN,      /* the text format 0.0.4 */
    METRICS_OPENMETRICS /* OpenMetrics 1.0: a counter's family is named without _total */
};

/* The media type of FORMAT. */
const char *metrics_media_type(enum metrics_format format);

void metrics_write(struct buf *out, enum metrics_format format, const struct status *status);

#endif

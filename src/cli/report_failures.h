/* report_failures.h: the failure reports among what `vidimus report send` sends. */
#ifndef VIDIMUS_CLI_REPORT_FAILURES_H
#define VIDIMUS_CLI_REPORT_FAILURES_H

struct report_tool;
struct sender;

/* Sends what waits, if the configuration wants failure reports and STATUS, of what was
 * sent before, allows it.  The exit status of both together. */
int report_failures(const struct report_tool *tool, struct sender *sender, int status);

#endif

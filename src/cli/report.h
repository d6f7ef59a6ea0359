/* report.h: the commands under `vidimus report`; each as cli.h has them. */
#ifndef VIDIMUS_CLI_REPORT_H
#define VIDIMUS_CLI_REPORT_H

int report_read(int argc, char **argv);

#endif

/* report.h: the commands under `vidimus report`; each as cli.h has them. */
#ifndef VIDIMUS_CLI_REPORT_H
#define VIDIMUS_CLI_REPORT_H

int report_domains(int argc, char **argv);
int report_import(int argc, char **argv);
int report_init(int argc, char **argv);
int report_list(int argc, char **argv);
int report_purge(int argc, char **argv);
int report_read(int argc, char **argv);
int report_send(int argc, char **argv);
int report_show(int argc, char **argv);
int report_status(int argc, char **argv);

#endif

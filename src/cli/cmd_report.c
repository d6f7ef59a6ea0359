/* cmd_report.c: `vidimus report`: the DMARC reports that we send and get. */
#include "cli/cli.h"
#include "cli/report.h"

static const struct command commands[] = {
    { "init", report_init, "make the tables of the store" },
    { "import", report_import, "take what the daemon noted into the store" },
    { "send", report_send, "send the reports of days that are over" },
    { "status", report_status, "tell what waits for what" },
    { "list", report_list, "list reports" },
    { "show", report_show, "tell all about one report" },
    { "domains", report_domains, "tell whose mail was seen" },
    { "purge", report_purge, "forget old reports that are done with" },
    { "read", report_read, "add up reports that others sent: who sends in our name?" },
};

int cmd_report(int argc, char **argv)
{
    return cli_dispatch("vidimus report", commands, sizeof commands / sizeof commands[0], argc, argv);
}

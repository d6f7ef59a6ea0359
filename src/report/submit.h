/* submit.h: hands a mail to the local MTA. */
#ifndef VIDIMUS_REPORT_SUBMIT_H
#define VIDIMUS_REPORT_SUBMIT_H

#include <stdio.h>

enum submit_result {
    SUBMIT_TAKEN,  /* the MTA has it: it answers for it now */
    SUBMIT_LATER,  /* not now: no connection, 4xx, a full disk */
    SUBMIT_REFUSED /* never: 5xx */
};

enum { SUBMIT_ERROR_SIZE = 256 };

struct submission {
    const char *how;    /* "smtp:HOST:PORT", or "sendmail:/PATH" */
    const char *from;   /* envelope sender and */
    const char *to;     /* recipient, plain addresses */
    const char *header; /* with its empty line, CRLF */
    FILE *body;         /* CRLF; read from its start */
};

/* Waits for the MTA's answer, some minutes at most.  What it says, or why it could
 * not be asked, is in ERROR, printable and on one line. */
enum submit_result submit_mail(const struct submission *mail, char error[SUBMIT_ERROR_SIZE]);

#endif

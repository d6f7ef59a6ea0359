/* reply.h: a verdict's reply in the form that smfi_setreply() takes. */
#ifndef VIDIMUS_MILTER_REPLY_H
#define VIDIMUS_MILTER_REPLY_H

struct reply;

/* libmilter refuses longer texts. */
enum { REPLY_TEXT_MAX = 980 };

struct milter_reply {
    char code[4];
    char enhanced[12];
    char text[REPLY_TEXT_MAX + 1];
};

/* A '%' is doubled (Sendmail takes the text as a format and drops a text with
 * a single one), anything but printable ASCII becomes '?', and what is too
 * long is cut. */
void milter_reply_make(const struct reply *reply, struct milter_reply *out);

#endif

#include "milter/reply.h"

#include <stdio.h>
#include <string.h>

#include "core/verdict.h"

void milter_reply_make(const struct reply *reply, struct milter_reply *out)
{
    const char *from = reply->text ? reply->text : "";
    size_t len = 0;

    snprintf(out->code, sizeof out->code, "%03u", reply->code % 1000);
    snprintf(out->enhanced, sizeof out->enhanced, "%s", reply->enhanced ? reply->enhanced : "");
    for (; *from && len < REPLY_TEXT_MAX; from++) {
        bool printable = *from >= ' ' && *from <= '~';

        if (*from == '%') {
            if (len + 2 > REPLY_TEXT_MAX)
                break;
            out->text[len++] = '%';
        }
        out->text[len++] = printable ? *from : '?';
    }
    out->text[len] = '\0';
}

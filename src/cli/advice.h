/* advice.h: what somebody can do about a finding, in one sentence. */
#ifndef VIDIMUS_CLI_ADVICE_H
#define VIDIMUS_CLI_ADVICE_H

struct finding;

/* NULL: nothing needs to be done. */
const char *advice_for(const struct finding *finding);

#endif

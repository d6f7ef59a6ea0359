/* systemd.h: telling the service manager how we are.  Without libsystemd, or
 * when nobody listens (no NOTIFY_SOCKET), every call does nothing. */
#ifndef VIDIMUS_MILTER_SYSTEMD_H
#define VIDIMUS_MILTER_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

/* A service manager waits for READY=1: do not go to the background. */
bool systemd_waits(void);

void systemd_ready(void);
void systemd_reloading(void); /* systemd_ready() ends it */
void systemd_stopping(void);
void systemd_watchdog(void); /* one beat */

/* How often the manager wants a beat, in ms; 0: it wants none. */
int64_t systemd_watchdog_ms(void);

#endif

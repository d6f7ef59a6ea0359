#include "milter/systemd.h"

#include <stddef.h>

#ifdef HAVE_SYSTEMD

#include <inttypes.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

bool systemd_waits(void)
{
    return getenv("NOTIFY_SOCKET") != NULL;
}

void systemd_ready(void)
{
    (void)sd_notify(0, "READY=1");
}

/* Type=notify-reload wants to know since when (systemd.service(5)). */
void systemd_reloading(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                     (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void systemd_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

void systemd_watchdog(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}

int64_t systemd_watchdog_ms(void)
{
    uint64_t microseconds = 0;

    return sd_watchdog_enabled(0, &microseconds) > 0 ? (int64_t)(microseconds / 1000) : 0;
}

#else

bool systemd_waits(void) { return false; }
void systemd_ready(void) {}
void systemd_reloading(void) {}
void systemd_stopping(void) {}
void systemd_watchdog(void) {}
int64_t systemd_watchdog_ms(void) { return 0; }

#endif

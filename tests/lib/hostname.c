/* hostname.c: preloaded into Sendmail, which sleeps for a minute at each start
 * where the name of the machine has no dot and no DNS knows it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <unistd.h>

int gethostname(char *name, size_t size)
{
    return snprintf(name, size, "mx.example.net") < (int)size ? 0 : -1;
}

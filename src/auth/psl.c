#include "auth/psl.h"

#include <libpsl.h>
#include <pthread.h>
#include <stddef.h>

/* The list of the system when it is newer than the one built into the library.
 * Loaded once, read-only afterwards, never freed. */
static const psl_ctx_t *list;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    list = psl_latest(NULL);
    if (!list)
        list = psl_builtin();
}

const char *listed_organizational_domain(const char *name)
{
    const char *registrable;

    pthread_once(&once, load);
    registrable = list ? psl_registrable_domain(list, name) : NULL;
    return registrable ? registrable : name;
}

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns/resolver_private.h"
#include "dns/zone_private.h"

enum {
    ZONE_OCTETS_MAX = 64 * 1024 * 1024,
    ZONE_CACHE_MAX = 0 /* the zone is as near as a cache */
};

struct zone_backend {
    struct resolver_backend backend; /* first: they share their address */
    struct zone *zone;
};

static void zone_ask(struct resolver_backend *backend, struct dns_future *future)
{
    const struct zone_backend *self = (const struct zone_backend *)backend;

    resolver_answered(future, zone_lookup(self->zone, &future->name, future->type));
}

static void zone_stop(struct resolver_backend *backend)
{
    struct zone_backend *self = (struct zone_backend *)backend;

    zone_free(self->zone);
    free(self);
}

static struct resolver *over_text(struct text text, const char *file_name, char *error,
                                  size_t error_size)
{
    static const struct resolver_limits limits = {
        .timeout_ms = 1000, /* never waited for */
        .cache_max = ZONE_CACHE_MAX,
        .questions_max = RESOLVER_QUESTIONS_MAX,
    };
    struct zone *zone = zone_read(text, file_name, error, error_size);
    struct zone_backend *self;
    struct resolver *resolver;

    if (!zone)
        return NULL;
    self = calloc(1, sizeof *self);
    if (!self) {
        zone_free(zone);
        snprintf(error, error_size, "%s: out of memory", file_name);
        return NULL;
    }
    self->zone = zone;
    self->backend = (struct resolver_backend){ zone_ask, zone_stop, .answers_at_once = true };
    resolver = resolver_new(&self->backend, &limits);
    if (!resolver)
        snprintf(error, error_size, "%s: out of memory", file_name);
    return resolver;
}

/* All of FILE, to be freed; NULL with errno. */
static char *read_all(FILE *file, size_t *len)
{
    size_t capacity = 65536;
    char *data = malloc(capacity);

    *len = 0;
    while (data) {
        size_t got = fread(data + *len, 1, capacity - *len, file);
        char *larger;

        *len += got;
        if (got == 0 && !ferror(file))
            return data;
        if (got == 0 || *len > ZONE_OCTETS_MAX) {
            errno = got == 0 ? EIO : EFBIG;
            break;
        }
        if (*len < capacity)
            continue;
        larger = realloc(data, capacity *= 2);
        if (!larger)
            break;
        data = larger;
    }
    free(data);
    return NULL;
}

struct resolver *resolver_new_zone(const char *file_name, char *error, size_t error_size)
{
    FILE *file = fopen(file_name, "rb");
    char *data = NULL;
    size_t len = 0;
    struct resolver *resolver;

    if (file)
        data = read_all(file, &len);
    if (!data) {
        snprintf(error, error_size, "%s: %s", file_name, strerror(errno));
        if (file)
            fclose(file);
        return NULL;
    }
    fclose(file);
    resolver = over_text((struct text){ data, len }, file_name, error, error_size);
    free(data);
    return resolver;
}

struct resolver *resolver_new_zone_text(struct text zone, char *error, size_t error_size)
{
    return over_text(zone, "zone", error, error_size);
}

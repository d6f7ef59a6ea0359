#include "auth/authres_registry.h"

#include <stddef.h>

#define BIT(result) (1u << (unsigned)(result))

enum { PROPERTIES_MAX = 5 };

enum {
    BASIC = BIT(RESULT_NONE) | BIT(RESULT_PASS) | BIT(RESULT_FAIL),
    ERRORS = BIT(RESULT_TEMPERROR) | BIT(RESULT_PERMERROR)
};

static const struct row {
    enum method method;
    unsigned results;
    const char *properties[PROPERTIES_MAX + 1];
} rows[] = {
    { METHOD_AUTH, BASIC | ERRORS, { "smtp.auth", "smtp.mailfrom" } },
    { METHOD_IPREV, BIT(RESULT_PASS) | BIT(RESULT_FAIL) | ERRORS, { "policy.iprev" } },
    { METHOD_SPF,
      BASIC | ERRORS | BIT(RESULT_SOFTFAIL) | BIT(RESULT_POLICY) | BIT(RESULT_NEUTRAL),
      { "smtp.mailfrom", "smtp.helo" } },
    { METHOD_DKIM,
      BASIC | ERRORS | BIT(RESULT_POLICY) | BIT(RESULT_NEUTRAL),
      { "header.d", "header.i", "header.s", "header.a", "header.b" } },
    { METHOD_ARC, BASIC, { "smtp.remote-ip", "header.oldest-pass" } },
    { METHOD_DMARC, BASIC | ERRORS, { "header.from", "policy.dmarc" } },
};

static const struct row *row_of(enum method method)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].method == method)
            return &rows[i];
    return NULL;
}

bool authres_has_result(enum method method, enum result result)
{
    const struct row *row = row_of(method);

    return row && (row->results & BIT(result)) != 0;
}

const char *authres_property(enum method method, struct text name)
{
    const struct row *row = row_of(method);

    for (size_t i = 0; row && row->properties[i]; i++)
        if (text_equal_nocase(text_of(row->properties[i]), name))
            return row->properties[i];
    return NULL;
}

bool authres_is_control(struct text t, size_t i)
{
    return octet_is_control(t.data[i]) || ((unsigned char)t.data[i] == 0xc2 && i + 1 < t.len &&
                                           (unsigned char)t.data[i + 1] < 0xa0);
}

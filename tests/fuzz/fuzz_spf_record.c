/* The SPF record parser on any octets: what it takes, printed back from the
 * parsed terms, is taken again and means the same. */
#include <stdint.h>
#include <stdlib.h>

#include "auth/spf_record.h"
#include "base/buf.h"
#include "base/region.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_qualifier(struct buf *out, enum result result)
{
    static const struct name qualifiers[] = { { RESULT_PASS, "+" },
                                              { RESULT_FAIL, "-" },
                                              { RESULT_SOFTFAIL, "~" },
                                              { RESULT_NEUTRAL, "?" },
                                              { 0, NULL } };

    buf_add(out, name_of(qualifiers, (int)result));
}

static void print_term(struct buf *out, const struct spf_term *term)
{
    char address[IP_TEXT_SIZE];

    buf_char(out, ' ');
    print_qualifier(out, term->result);
    buf_add(out, name_of(spf_mechanism_names, (int)term->mechanism));
    if (term->target.text.len > 0) {
        buf_char(out, ':');
        buf_text_add(out, term->target.text);
    }
    if (term->network.address.family != IP_NONE)
        buf_printf(out, ":%s/%u", ip_format(&term->network.address, address),
                   term->network.prefix);
    if (term->mechanism == MECHANISM_A || term->mechanism == MECHANISM_MX)
        buf_printf(out, "/%u//%u", term->prefix4, term->prefix6);
}

static void print_modifier(struct buf *out, const char *name, const struct spf_domain_spec *spec)
{
    if (spec->text.len == 0)
        return;
    buf_printf(out, " %s=", name);
    buf_text_add(out, spec->text);
}

static struct text print(struct region *region, const struct spf_record *record)
{
    struct buf out;

    buf_init(&out, region, 1 << 20);
    buf_add(&out, "v=spf1");
    for (size_t i = 0; i < record->count; i++)
        print_term(&out, &record->terms[i]);
    print_modifier(&out, "redirect", &record->redirect);
    print_modifier(&out, "exp", &record->explanation);
    return buf_text(&out);
}

static void pull_macros(struct text text)
{
    struct cursor c = cursor_over(text);
    struct spf_macro_part part;
    enum spf_macro_result got;

    while ((got = spf_macro_next(&c, &part)) == MACRO_PART)
        if (part.literal.len == 0 && part.letter == 0)
            abort();
    if ((got == MACRO_END) != cursor_done(&c))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = { (const char *)data, size };
    struct region *region = region_new(0);
    struct spf_record record, again;
    domain_name name;

    pull_macros(text);
    spf_target_name(text, name);
    if (region && !spf_record_parse(region, text, &record)) {
        struct text printed = print(region, &record);

        if (spf_record_parse(region, printed, &again) ||
            !text_equal(print(region, &again), printed))
            abort();
    }
    region_free(region);
    return 0;
}

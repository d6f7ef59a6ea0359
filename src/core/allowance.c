#include "core/allowance.h"

#include "core/verdict.h"
#include "mail/message.h"

static bool client_holds(const struct override *o, const struct evidence *e)
{
    return (o->networks.count == 0 || networks_have(&o->networks, e->client)) &&
           (o->listeners.count == 0 || strings_have(&o->listeners, e->listener));
}

static bool sender_holds(const struct override *o, const struct evidence *e)
{
    const struct path *sender = &e->message->mail_from;

    if (o->mail_from_domains.count == 0)
        return true;
    return sender->kind == PATH_ADDRESS && domains_cover(&o->mail_from_domains, sender->domain);
}

/* Every author domain must be covered: one foreign author must not ride along. */
static bool author_holds(const struct override *o, const struct evidence *e)
{
    if (o->from_domains.count == 0)
        return true;
    if (e->author->status != AUTHOR_OK && e->author->status != AUTHOR_SEVERAL)
        return false;
    for (size_t i = 0; i < e->author->count; i++)
        if (!domains_cover(&o->from_domains, e->author->domains[i]))
            return false;
    return e->author->count > 0;
}

/* RECIPIENT NULL: the message has none that is known. */
static bool recipient_holds(const struct override *o, const struct recipient *recipient)
{
    if (o->recipient_domains.count == 0)
        return true;
    return recipient && recipient->path.kind == PATH_ADDRESS &&
           domains_cover(&o->recipient_domains, recipient->path.domain);
}

static bool says_enforce(const struct override *o)
{
    enum enforcement unused;

    return override_caps(o, &unused);
}

static bool says_no_reports(const struct override *o) { return !o->reports; }
static bool says_spf(const struct override *o) { return override_spf_engine(o); }
static bool says_dkim(const struct override *o) { return override_dkim_engine(o); }

/* The first that SAYS something and holds for RECIPIENT. */
static const struct override *override_for(const struct evidence *e,
                                           const struct recipient *recipient,
                                           bool (*says)(const struct override *))
{
    for (size_t i = 0; i < e->config->override_count; i++) {
        const struct override *o = &e->config->overrides[i];

        if (says(o) && client_holds(o, e) && sender_holds(o, e) && author_holds(o, e) &&
            recipient_holds(o, recipient))
            return o;
    }
    return NULL;
}

static void widen(struct allowance *allowance, const struct override *o, enum enforcement base)
{
    enum enforcement enforce = base;

    if (o)
        (void)override_caps(o, &enforce);
    if (enforce < allowance->least)
        allowance->least = enforce;
    if (enforce > allowance->most)
        allowance->most = enforce;
    if (!allowance->override)
        allowance->override = o;
    allowance->allowed = allowance->allowed && o && o->allow;
}

void allowance_of(const struct evidence *e, enum enforcement base, struct allowance *allowance)
{
    const struct recipient *recipient = e->message->recipients;

    *allowance = (struct allowance){
        .least = ENFORCE_REJECT,
        .most = ENFORCE_NONE,
        .allowed = true,
    };
    do {
        widen(allowance, override_for(e, recipient, says_enforce), base);
        recipient = recipient ? recipient->next : NULL;
    } while (recipient);
}

bool allowance_may_soften(const struct evidence *e)
{
    for (size_t i = 0; i < e->config->override_count; i++) {
        const struct override *o = &e->config->overrides[i];
        enum enforcement enforce;

        if (override_caps(o, &enforce) && enforce < ENFORCE_REJECT && client_holds(o, e) &&
            sender_holds(o, e))
            return true;
    }
    return false;
}

bool allowance_reports(const struct evidence *e)
{
    const struct recipient *recipient = e->message->recipients;

    do {
        if (!override_for(e, recipient, says_no_reports))
            return true;
        recipient = recipient ? recipient->next : NULL;
    } while (recipient);
    return false;
}

/* The configuration lets none of these ask for authors or recipients. */
const struct override *allowance_spf_engine(const struct evidence *e)
{
    return override_for(e, NULL, says_spf);
}

const struct override *allowance_dkim_engine(const struct evidence *e)
{
    return override_for(e, NULL, says_dkim);
}

/* Whole messages from a hostile client, through session and transaction.
 *
 * Input: line 1 is HELO, line 2 MAIL FROM, line 3 the SASL name, the rest the
 * message.  DNS answers for two domains: victim.example (p=reject; nobody may
 * send for it) and forger.example (the client's own).  What must always hold:
 *  - victim.example never passes DMARC;
 *  - our field reads back to the results that were found;
 *  - what is deleted is deleted from the bottom up;
 *  - no octet leaves in a field or a reply that could end it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/authres.h"
#include "base/region.h"
#include "core/snapshot.h"
#include "core/transaction.h"
#include "mail/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1760000000 };

static const char zone_text[] = "victim.example. TXT \"v=spf1 -all\"\n"
                                "_dmarc.victim.example. TXT \"v=DMARC1; p=reject\"\n"
                                "forger.example. TXT \"v=spf1 ip4:203.0.113.66 -all\"\n"
                                "forger.example. A 203.0.113.66\n"
                                "66.113.0.203.in-addr.arpa. PTR forger.example.\n";

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static void no_report(void *context, const char *text)
{
    (void)context;
    (void)text;
}

static struct snapshot *make_snapshot(void)
{
    char name[] = "/tmp/vidimus-fuzz-XXXXXX", error[256];
    int fd = mkstemp(name);
    struct resolver *resolver;

    must(fd >= 0 && write(fd, zone_text, sizeof zone_text - 1) == sizeof zone_text - 1, "zone");
    close(fd);
    resolver = resolver_new_zone(name, error, sizeof error);
    unlink(name);
    return snapshot_new(config_read(NULL, no_report, NULL), resolver, NULL, error,
                        sizeof error);
}

/* --- what must hold ------------------------------------------------------ */

static bool may_stand_in_a_field(const char *s)
{
    for (; *s; s++) {
        if (s[0] == '\n' && (s[1] == '\t' || s[1] == ' '))
            continue;
        if (octet_is_control(*s) && *s != '\t')
            return false;
    }
    return true;
}

static void check_field(const struct judgement *j)
{
    struct region *region = region_new(0);
    struct findings read;
    const struct finding *wrote = j->findings->first, *got;
    struct text id;

    findings_init(&read, region);
    must(authres_read(text_of(j->header), &id, &read), "our field can be read");
    must(text_equal(id, text_of(j->authserv_id)), "our field bears our id");
    for (got = read.first; got; got = got->next, wrote = wrote->next) {
        must(wrote && wrote->method == got->method && wrote->result == got->result,
             "our field says what was found");
        for (const struct property *p = got->properties; p; p = p->next)
            must(text_equal(p->value, finding_get(wrote, p->name)), "its properties as well");
    }
    must(!wrote, "our field leaves nothing out");
    region_free(region);
}

static void check_plan(const struct plan *plan)
{
    const struct plan_step *last = NULL;

    for (const struct plan_step *step = plan->steps; step; step = step->next) {
        if (step->kind == PLAN_DELETE && last && last->kind == PLAN_DELETE &&
            strcmp(last->name, step->name) == 0)
            must(step->index < last->index, "deleted from the bottom up");
        must(step->kind != PLAN_DELETE || !last || last->kind == PLAN_DELETE, "deletions first");
        must(!step->value || may_stand_in_a_field(step->value), "a value ends its field");
        last = step;
    }
}

static void check_verdict(const struct judgement *j)
{
    const struct verdict *v = &j->verdict;
    bool refused = v->action == ACTION_REJECT || v->action == ACTION_TEMPFAIL;

    must(v->reason && refused == (v->reply.code != 0), "a reply where one is due");
    for (const char *at = refused ? v->reply.text : ""; *at; at++)
        must(*at >= ' ' && *at <= '~', "the reply is printable");
    if (!j->dmarc || j->dmarc->result != RESULT_PASS)
        return;
    must(j->author->status == AUTHOR_OK, "one author that passes");
    must(!domain_is_within(j->author->domains[0], "victim.example"), "the victim is safe");
}

/* --- the message --------------------------------------------------------- */

static struct text take_line(struct text *input)
{
    size_t end = text_find(*input, '\n');
    struct text line = text_head(*input, end);

    *input = text_tail(*input, end + 1);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct snapshot *snapshot;
    struct text input = { (const char *)data, size };
    struct text helo = take_line(&input), sender = take_line(&input);
    struct ip_address client;
    struct session *session;
    struct transaction *t;
    const struct judgement *j;

    if (!snapshot)
        snapshot = make_snapshot();
    must(snapshot && ip_parse(TEXT("203.0.113.66"), &client), "a snapshot");
    session = session_new(snapshot, &client);
    must(session, "memory");
    session_set_hostname(session, TEXT("mx.example.net"));
    session_set_helo(session, helo);
    session_set_auth(session, take_line(&input));
    t = transaction_begin(session, snapshot, sender, NULL, NOW);
    must(t, "memory");
    transaction_message(t, input);
    j = transaction_end(t);
    check_verdict(j);
    check_plan(&j->plan);
    if (j->header)
        check_field(j);
    transaction_free(t);
    session_free(session);
    return 0;
}

/* dkim_libopendkim.c: the DKIM engine that leaves digests and signatures to
 * libopendkim.  The only file that sees that library.
 *
 * The library is not safe with hostile text, so it gets as little as possible:
 *  - what dkim_guard.h lets through; a signature that covers a field which was
 *    withheld is not judged (permerror, DKIM_REASON_ENGINE) rather than judged
 *    wrongly;
 *  - one field more than a signature can name: it writes one element behind
 *    its list when h= names more fields than there are;
 *  - key records printed anew from our parsed form, from memory: it never asks
 *    DNS (the key lookup never answers DEFAULT, and DELAYSIGPROC keeps it from
 *    asking before dkim_eom());
 *  - a CRLF behind a body that ends without one, and nothing more of a body with
 *    a bare CR, which it leaves out of the digest.
 * Signatures that do not disturb each other share a handle.  The library's
 * clock is kept out by a drift wider than any date that matters: expiry is
 * ours (dkim.c).  Body hashes are compared here, as octets.
 */
#include "auth/dkim.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <opendkim/dkim.h>

#include "auth/base64.h"
#include "auth/body_digest.h"
#include "auth/dkim_guard.h"
#include "base/buf.h"
#include "base/region.h"
#include "mail/message.h"

enum {
    MEMBERS_MAX = 8,          /* signatures a handle */
    GROUPS_MAX = 4,           /* handles a message: each copies the header */
    KEY_TEXT_MAX = 1024,      /* its buffer holds one more, for the NUL */
    CLOCK_DRIFT = 1000000000  /* seconds: t= from 2001 on and x= from 1995 on pass */
};

struct member {
    struct dkim_candidate *candidate;
    DKIM_SIGINFO *info;
    char *key_text;            /* for the key lookup; NULL: none */
    const struct body_digest *body; /* with l=: for the length of the whole */
};

struct group {
    struct engine *engine;
    DKIM *dkim;
    struct member members[MEMBERS_MAX];
    size_t count;
    struct group *next;
};

struct engine {
    struct dkim_job *job;
    struct group *groups;
    char last[2]; /* octets of the body */
};

/* ---- the library, set up once for the process */

static DKIM_LIB *library;
static pthread_once_t library_once = PTHREAD_ONCE_INIT;

static struct member *member_of(struct group *group, const DKIM_SIGINFO *info)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->members[i].info == info)
            return &group->members[i];
    return NULL;
}

/* Called from dkim_eom(): the keys are there. */
static DKIM_CBSTAT look_up_key(DKIM *dkim, DKIM_SIGINFO *info, unsigned char *buf, size_t size)
{
    const struct member *member = member_of(dkim_get_user_context(dkim), info);
    size_t len;

    if (!member || !member->key_text)
        return DKIM_CBSTAT_NOTFOUND;
    len = strlen(member->key_text);
    if (len >= size)
        return DKIM_CBSTAT_ERROR;
    memcpy(buf, member->key_text, len + 1);
    return DKIM_CBSTAT_CONTINUE;
}

static void set_up_library(void)
{
    uint64_t drift = CLOCK_DRIFT;
    unsigned flags = DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES;
    DKIM_LIB *lib = dkim_init(NULL, NULL);

    if (!lib)
        return;
    if (dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof flags) == DKIM_STAT_OK &&
        dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_CLOCKDRIFT, &drift, sizeof drift) ==
            DKIM_STAT_OK &&
        dkim_set_key_lookup(lib, look_up_key) == DKIM_STAT_OK)
        library = lib;
    else
        dkim_close(lib);
}

/* ---- groups */

static void cannot_judge(struct dkim_candidate *c)
{
    if (!c->settled)
        settle_dkim_candidate(c, RESULT_PERMERROR, DKIM_REASON_ENGINE);
}

/* The handle is of no more use. */
static void give_up(struct group *group)
{
    for (size_t i = 0; i < group->count; i++)
        cannot_judge(group->members[i].candidate);
}

static bool fits(const struct group *group, const struct dkim_candidate *c)
{
    if (group->count == MEMBERS_MAX)
        return false;
    for (size_t i = 0; i < group->count; i++)
        if (guard_dkim_disturb(&group->members[i].candidate->signature, &c->signature))
            return false;
    return true;
}

static void free_handle(void *arg)
{
    dkim_free(arg);
}

static struct group *group_new(struct engine *engine)
{
    struct region *region = engine->job->region;
    struct group *group = region_alloc(region, sizeof *group);
    DKIM_STAT status = DKIM_STAT_OK;

    if (!group)
        return NULL;
    group->engine = engine;
    group->dkim = dkim_verify(library, (const unsigned char *)"-", NULL, &status);
    if (!group->dkim) {
        region_fail(region);
        return NULL;
    }
    if (!region_on_free(region, free_handle, group->dkim))
        return NULL;
    dkim_set_user_context(group->dkim, group);
    return group;
}

/* Puts C into the first group that it fits into, or a new one at the end.  False
 * for memory. */
static bool join_group(struct engine *engine, struct dkim_candidate *c)
{
    struct group **at = &engine->groups;
    const uint64_t nothing = 0; /* the digest is the library's */
    struct member *member;
    unsigned count = 0;

    for (; *at && !fits(*at, c); at = &(*at)->next)
        count++;
    if (count == GROUPS_MAX) {
        cannot_judge(c);
        return true;
    }
    if (!*at)
        *at = group_new(engine);
    if (!*at)
        return false;
    member = &(*at)->members[(*at)->count++];
    member->candidate = c;
    if (!c->signature.has_length)
        return true;
    member->body = body_digests_want(engine->job->body, c->signature.body_canon, &nothing);
    return member->body;
}

/* Whether anybody waits for its results. */
static bool group_is_open(const struct group *group)
{
    for (size_t i = 0; i < group->count; i++)
        if (!group->members[i].candidate->settled)
            return true;
    return false;
}

/* ---- header */

static const struct member *member_with(const struct group *group, const struct field *field)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->members[i].candidate->field == field)
            return &group->members[i];
    return NULL;
}

/* Whether GROUP's handle gets FIELD.  Signatures of others are withheld. */
static bool group_takes(const struct group *group, const struct field *field)
{
    if (field_is(field, TEXT("DKIM-Signature")))
        return member_with(group, field) != NULL;
    return guard_dkim_field(field);
}

static bool signs(const struct signature *s, const struct field *field)
{
    for (size_t i = 0; i < s->signed_name_count; i++)
        if (field_is(field, s->signed_names[i]))
            return true;
    return false;
}

/* Members that cover FIELD, which is withheld, or whose LABEL_ALONE is, cannot be
 * judged. */
static void withhold(struct group *group, const struct field *field, bool label_alone)
{
    for (size_t i = 0; i < group->count; i++) {
        struct dkim_candidate *c = group->members[i].candidate;

        if (signs(&c->signature, field) &&
            !(label_alone && c->signature.header_canon == CANON_RELAXED))
            cannot_judge(c);
    }
}

/* SCRATCH holds the longest field. */
static bool feed_field(struct group *group, const struct field *field, unsigned char *scratch)
{
    struct text label = guard_dkim_label(field) ? field->label : field->name;

    memcpy(scratch, label.data, label.len);
    scratch[label.len] = ':';
    if (field->value.len)
        memcpy(scratch + label.len + 1, field->value.data, field->value.len);
    return dkim_header(group->dkim, scratch, label.len + 1 + field->value.len) == DKIM_STAT_OK;
}

/* No h= can name this field: our parser takes no blanks in a name. */
static bool feed_spare_field(struct group *group)
{
    unsigned char field[] = "no name: -";

    return dkim_header(group->dkim, field, sizeof field - 1) == DKIM_STAT_OK;
}

/* The handle lists one signature for each field it got, in that order; b= must
 * say the same. */
static bool map_members(struct group *group)
{
    DKIM_SIGINFO **infos = NULL;
    int count = 0;

    if (dkim_getsiglist(group->dkim, &infos, &count) != DKIM_STAT_OK ||
        count != (int)group->count)
        return false;
    for (size_t i = 0; i < group->count; i++) {
        const char *b = (const char *)dkim_sig_gettagvalue(infos[i], false, (unsigned char *)"b");

        if (!b || !text_equal(text_of(b), group->members[i].candidate->signature.value_b64))
            return false;
        group->members[i].info = infos[i];
    }
    return true;
}

static void feed_header(struct group *group, unsigned char *scratch)
{
    bool ok = true;

    for (const struct field *f = group->engine->job->message->fields; f && ok; f = f->next) {
        bool taken = group_takes(group, f);

        if (!taken || !guard_dkim_label(f))
            withhold(group, f, taken);
        if (taken)
            ok = feed_field(group, f, scratch);
    }
    ok = ok && feed_spare_field(group) && dkim_eoh(group->dkim) == DKIM_STAT_OK &&
         map_members(group);
    if (!ok)
        give_up(group);
}

static size_t longest_field(const struct message *message)
{
    size_t longest = 0;

    for (const struct field *f = message->fields; f; f = f->next)
        if (f->label.len + 1 + f->value.len > longest)
            longest = f->label.len + 1 + f->value.len;
    return longest;
}

/* In order of appearance.  Settled candidates come along for signatures that
 * cover their field. */
static bool form_groups(struct engine *engine)
{
    for (size_t i = 0; i < engine->job->count; i++) {
        struct dkim_candidate *c = engine->job->candidates[i];

        if (!guard_dkim_candidate(c)) {
            cannot_judge(c);
            continue;
        }
        if (guard_dkim_signs_itself(c))
            cannot_judge(c);
        if (!join_group(engine, c))
            return false;
    }
    return true;
}

static void *begin(struct dkim_job *job)
{
    struct engine *engine = region_alloc(job->region, sizeof *engine);
    unsigned char *scratch;

    pthread_once(&library_once, set_up_library);
    if (!engine || !library) {
        region_fail(job->region);
        return NULL;
    }
    engine->job = job;
    if (!form_groups(engine))
        return NULL;
    scratch = malloc(longest_field(job->message) + 1);
    if (!scratch) {
        region_fail(job->region);
        return NULL;
    }
    for (struct group *group = engine->groups; group; group = group->next)
        if (group_is_open(group))
            feed_header(group, scratch);
    free(scratch);
    return engine;
}

/* ---- body */

/* Whether a CR stands before another octet than LF, in CHUNK or as BEFORE, the
 * octet that came last. */
static bool has_bare_cr(char before, struct text chunk)
{
    const char *end = chunk.data + chunk.len, *at = chunk.data;

    if (before == '\r' && *at != '\n')
        return true;
    while ((at = memchr(at, '\r', (size_t)(end - at))) && ++at < end)
        if (*at != '\n')
            return true;
    return false;
}

static void feed_body(struct group *group, struct text chunk)
{
    /* The library does not write to the chunk. */
    if (dkim_body(group->dkim, (unsigned char *)chunk.data, chunk.len) != DKIM_STAT_OK)
        give_up(group);
}

static void body(void *state, struct text chunk)
{
    struct engine *engine = state;
    bool refused;

    if (chunk.len == 0)
        return;
    refused = has_bare_cr(engine->last[1], chunk);
    for (struct group *group = engine->groups; group; group = group->next)
        if (refused)
            give_up(group);
        else if (group_is_open(group))
            feed_body(group, chunk);
    engine->last[0] = chunk.len > 1 ? chunk.data[chunk.len - 2] : engine->last[1];
    engine->last[1] = chunk.data[chunk.len - 1];
}

/* A body that does not end in CRLF gets one (RFC 6376 §3.4.3, §3.4.4). */
static void end_body(struct engine *engine)
{
    bool empty = engine->last[0] == '\0' && engine->last[1] == '\0';

    if (!empty && memcmp(engine->last, "\r\n", 2) != 0)
        body(engine, TEXT("\r\n"));
}

/* ---- results */

static const char *key_type_tag(enum key_type type)
{
    switch (type) {
    case KEY_RSA:
        return "rsa";
    case KEY_ED25519:
        return "ed25519";
    }
    return "";
}

/* The key as a record of only what the library needs: what else the record
 * says was judged before.  NULL when its buffer cannot take it. */
static char *key_text(struct region *region, const struct key_record *key)
{
    struct text octets;
    struct buf buf;

    if (!crypt_key_publish(region, key->key, &octets))
        return NULL;
    buf_init(&buf, region, KEY_TEXT_MAX);
    buf_printf(&buf, "v=DKIM1; k=%s; p=", key_type_tag(key->type));
    buf_text_add(&buf, base64_encode(region, octets));
    return buf_str(&buf);
}

static void hand_over_keys(struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        struct member *member = &group->members[i];

        if (member->candidate->settled) {
            dkim_sig_ignore(member->info);
            continue;
        }
        member->key_text = key_text(group->engine->job->region, member->candidate->key);
        if (!member->key_text)
            cannot_judge(member->candidate);
    }
}

/* Whether the digest of the body is what bh= says.  Only for a signature that
 * the library brought to an end: others have no digest. */
static bool body_hash_matches(const struct member *member)
{
    struct text wanted = member->candidate->signature.hash;
    void *header_hash, *body_hash;
    size_t header_len, body_len;

    return dkim_sig_gethashes(member->info, &header_hash, &header_len, &body_hash, &body_len) ==
               DKIM_STAT_OK &&
           body_len == wanted.len && memcmp(body_hash, wanted.data, wanted.len) == 0;
}

static void judge_member(struct member *member)
{
    struct dkim_candidate *c = member->candidate;
    unsigned done = DKIM_SIGFLAG_PROCESSED, good = done | DKIM_SIGFLAG_PASSED;
    unsigned flags = dkim_sig_getflags(member->info);
    int error = dkim_sig_geterror(member->info);

    if (member->body && member->body->total > c->signature.length)
        c->unsigned_octets = member->body->total - c->signature.length;
    if (error == DKIM_SIGERROR_TOOLARGE_L) {
        settle_dkim_candidate(c, RESULT_PERMERROR, "l= exceeds the body");
    } else if ((error != DKIM_SIGERROR_OK && error != DKIM_SIGERROR_BADSIG) || !(flags & done)) {
        cannot_judge(c);
    } else if (!body_hash_matches(member)) {
        c->body_hash_mismatch = true;
        settle_dkim_candidate(c, RESULT_FAIL, "body hash did not verify");
    } else if ((flags & good) == good) {
        settle_dkim_candidate(c, RESULT_PASS, NULL);
    } else {
        settle_dkim_candidate(c, RESULT_FAIL, "signature did not verify");
    }
}

static void finish(void *state)
{
    struct engine *engine = state;

    end_body(engine);
    for (struct group *group = engine->groups; group; group = group->next) {
        if (!group_is_open(group))
            continue;
        hand_over_keys(group);
        dkim_eom(group->dkim, NULL);
        for (size_t i = 0; i < group->count; i++)
            if (!group->members[i].candidate->settled)
                judge_member(&group->members[i]);
    }
}

const struct dkim_engine engine_dkim_libopendkim = { "libopendkim", begin, body, finish };

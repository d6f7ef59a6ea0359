#include "core/session.h"

#include <stdlib.h>
#include <string.h>

#include "auth/iprev.h"
#include "core/snapshot.h"
#include "dns/scope.h"

const struct name origin_names[] = {
    { ORIGIN_OUTSIDE, "outside" },
    { ORIGIN_AUTHENTICATED, "authenticated" },
    { ORIGIN_OWN, "own" },
    { ORIGIN_TRUSTED, "trusted" },
    { 0, NULL },
};

struct session *session_new(struct snapshot *snapshot, const struct ip_address *client)
{
    struct dns_scope_limits limits = { .questions_max = snapshot->config->resolver.questions };
    struct session *session = calloc(1, sizeof *session);

    if (!session)
        return NULL;
    session->dns = dns_scope_new(snapshot->resolver, &limits);
    if (!session->dns) {
        free(session);
        return NULL;
    }
    session->client = *client;
    session->hostname = "";
    session->authserv_id = "";
    session->snapshot = snapshot_ref(snapshot);
    if (session->client.family != IP_NONE && session_origin(session) == ORIGIN_OUTSIDE)
        iprev_start(session->dns, &session->client);
    return session;
}

/* The texts are heap copies of this file; "" is the only one that is not. */
static void drop(const char *s)
{
    if (s && *s)
        free((char *)s);
}

void session_free(struct session *session)
{
    if (!session)
        return;
    dns_scope_close(session->dns);
    dns_scope_unref(session->dns);
    drop(session->helo.data);
    drop(session->listener.data);
    drop(session->auth_name.data);
    drop(session->hostname);
    drop(session->authserv_id);
    snapshot_unref(session->snapshot);
    free(session);
}

/* A NUL-terminated copy of T; "" when T is empty or memory is exhausted. */
static struct text copy(struct session *session, struct text t)
{
    char *s;

    if (t.len == 0 || t.data[0] == '\0')
        return TEXT("");
    s = malloc(t.len + 1);
    if (!s) {
        session->failed = true;
        return TEXT("");
    }
    memcpy(s, t.data, t.len);
    s[t.len] = '\0';
    return (struct text){ s, t.len };
}

void session_set_helo(struct session *session, struct text helo)
{
    drop(session->helo.data);
    session->helo = copy(session, helo);
}

void session_set_listener(struct session *session, struct text name)
{
    drop(session->listener.data);
    session->listener = copy(session, name);
}

void session_set_auth(struct session *session, struct text name)
{
    drop(session->auth_name.data);
    session->auth_name = copy(session, name);
}

void session_set_hostname(struct session *session, struct text name)
{
    drop(session->hostname);
    session->hostname = copy(session, name).data;
}

void session_set_authserv_id(struct session *session, struct text id)
{
    drop(session->authserv_id);
    session->authserv_id = copy(session, id).data;
}

bool session_set_client_name(struct session *session, struct text name)
{
    return domain_normalise(name, session->client_name);
}

void session_judge_unknown(struct session *session)
{
    session->judge_unknown = true;
}

void session_use(struct session *session, struct snapshot *snapshot)
{
    if (session->snapshot == snapshot)
        return;
    snapshot_unref(session->snapshot);
    session->snapshot = snapshot_ref(snapshot);
}

static bool is_in_sign_networks(const struct session *session)
{
    const struct config *config = session->snapshot->config;

    return (config->sign_rule_count > 0 || config->require_alignment) &&
           networks_have(&config->sign_networks, &session->client);
}

enum origin session_origin(const struct session *session)
{
    if (session->auth_name.len > 0)
        return ORIGIN_AUTHENTICATED;
    if (session->client.family == IP_NONE)
        return session->judge_unknown ? ORIGIN_OUTSIDE : ORIGIN_TRUSTED;
    if (networks_have(&session->snapshot->config->trusted_networks, &session->client))
        return ORIGIN_TRUSTED;
    return is_in_sign_networks(session) ? ORIGIN_OWN : ORIGIN_OUTSIDE;
}

bool session_submits(const struct session *session)
{
    if (session->auth_name.len > 0)
        return true;
    if (session->client.family == IP_NONE)
        return !session->judge_unknown;
    return is_in_sign_networks(session);
}

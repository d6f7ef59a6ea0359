#include "auth/signer.h"
#include "cli/explain_part.h"
#include "core/transaction.h"

static const char *state_word(enum key_state state)
{
    return name_of(key_state_names, (int)state);
}

static const char *key_kind(const struct signer *signer)
{
    return crypt_signer_type(signer->key) == KEY_RSA ? "RSA" : "Ed25519";
}

/* The keys of RULE that have no part in it. */
static void tell_idle_keys(const struct teller *teller, const struct sign_rule *rule)
{
    for (size_t i = 0; i < rule->key_count; i++)
        if (rule->keys[i].state != KEY_ACTIVE)
            tell(teller, DETAIL_INDENT, "its key %s does not sign: state = %s (%s)",
                 told(teller, text_of(rule->keys[i].selector)), state_word(rule->keys[i].state),
                 told(teller, text_of(rule->keys[i].place)));
}

static void tell_signature(const struct teller *teller, const struct signing_signature *signature)
{
    const struct signer *signer = &signature->signer;

    tell(teller, STEP_INDENT, "d=%s s=%s (%s, %u bits), by the rule for %s", signer->domain,
         told(teller, text_of(signer->selector)), key_kind(signer), crypt_signer_bits(signer->key),
         quoted(teller, text_of(signature->rule->pattern)));
    tell_idle_keys(teller, signature->rule);
}

/* What the administrator or the author can do. */
static const char *const signing_advice[] = {
    [SIGNING_NOT_ASKED] = NULL,
    [SIGNING_SIGNED] = NULL,
    [SIGNING_HAS_RESULTS] = "nothing, if a filter or a list hands it back; a mail program that "
                            "sends such a field sends on what it received",
    [SIGNING_NO_RULE] = "add a sign section for the author's domain (vidimus keygen makes a key), "
                        "or have the mail written as a domain of ours",
    [SIGNING_NO_KEY] = "make one of the rule's keys state = active, once DNS has it",
    [SIGNING_KEY_MISSING] = "see what `vidimus config --check' and the log at the start say of "
                            "the key's file",
    [SIGNING_UNSIGNABLE] = "have the program mended that wrote it",
    [SIGNING_REFUSED] = "add a key for the author's own domain, or leave out require-alignment",
    [SIGNING_FAILED] = "make another key (vidimus keygen)",
};

static void tell_signing(const struct teller *teller, const struct signing *signing)
{
    fputc('\n', teller->out);
    tell(teller, 0, "Signing: %s", name_of(signing_state_names, (int)signing->state));
    for (size_t i = 0; i < signing->count; i++)
        tell_signature(teller, &signing->signatures[i]);
    if (signing->why)
        tell(teller, STEP_INDENT, "why not%s: %s", signing->count > 0 ? " by every key" : "",
             signing->why);
    if (signing_advice[signing->state])
        tell(teller, STEP_INDENT, "what to do: %s", signing_advice[signing->state]);
}

static void tell_sealing(const struct teller *teller, const struct sealing *sealing)
{
    const struct signer *signer = &sealing->signer;

    fputc('\n', teller->out);
    tell(teller, 0, "Sealing: %s", name_of(sealing_state_names, (int)sealing->state));
    if (sealing->state == SEALING_SEALED)
        tell(teller, STEP_INDENT, "d=%s s=%s: set %u, the chain before it: %s", signer->domain,
             told(teller, text_of(signer->selector)), sealing->instance,
             name_of(chain_status_names, (int)sealing->chain));
    else
        tell(teller, STEP_INDENT, "why not: %s", sealing->why);
}

void explain_leaving(const struct explanation *x)
{
    if (x->judgement->signing)
        tell_signing(&x->teller, x->judgement->signing);
    if (x->judgement->sealing)
        tell_sealing(&x->teller, x->judgement->sealing);
}

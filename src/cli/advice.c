#include "cli/advice.h"

#include <string.h>

#include "auth/finding.h"

/* The first row that fits counts; `why` is looked for in the reason, NULL fits
 * every reason. */
static const struct advice {
    enum method method;
    enum result result;
    const char *why;
    const char *todo;
} advices[] = {
    { METHOD_IPREV, RESULT_PERMERROR, NULL,
      "whoever runs the address should give it a PTR record that names the mail server" },
    { METHOD_IPREV, RESULT_FAIL, NULL,
      "the name in the PTR record should have an A or AAAA record with this address" },
    { METHOD_SPF, RESULT_NONE, NULL,
      "the domain publishes no SPF record, or there is no domain to ask" },
    { METHOD_SPF, RESULT_FAIL, NULL,
      "if this client may send for the domain, add it to the domain's SPF record; if the mail "
      "was forwarded, only DKIM can authenticate it; here, trusted-networks keeps your own "
      "forwarders from being judged" },
    { METHOD_SPF, RESULT_SOFTFAIL, NULL,
      "the domain is not sure about this client: add it to the SPF record if it is legitimate" },
    { METHOD_SPF, RESULT_NEUTRAL, NULL, "the SPF record says nothing about this client" },
    { METHOD_SPF, RESULT_PERMERROR, "engine",
      "the record may well be valid, but libspf2 is not shown such records: set "
      "spf { engine = \"native\" }" },
    { METHOD_SPF, RESULT_PERMERROR, NULL,
      "the domain's SPF record must be corrected: syntax, more than one record, or too many "
      "DNS lookups" },
    { METHOD_DKIM, RESULT_NONE, NULL,
      "the message is not signed; the domain owner should sign what he sends: DKIM outlives "
      "forwarding, SPF does not" },
    { METHOD_DKIM, RESULT_FAIL, "body",
      "find who changes the body, and let him do it before signing or not at all; the domain "
      "owner should send with c=relaxed/relaxed and 7-bit text; here, name a changer whom you "
      "trust in arc { trusted-sealers } or trusted-lists" },
    { METHOD_DKIM, RESULT_FAIL, "expired",
      "the signer set a time at which the signature ends: the mail came late, or is sent again" },
    { METHOD_DKIM, RESULT_FAIL, NULL,
      "whoever handles the mail after the signer should leave signed fields alone, or seal what "
      "he passes on (ARC); the domain owner should see that the key in DNS is the one that "
      "signs; here, name a changer whom you trust in arc { trusted-sealers } or "
      "trusted-lists" },
    { METHOD_DKIM, RESULT_POLICY, "octets not signed",
      "the signer should not use l=: what follows the signed part may be anybody's" },
    { METHOD_DKIM, RESULT_POLICY, "fields,",
      "a field that may stand once stands more often than the signer signed it: somebody added "
      "one, or the signer should sign (and oversign) each" },
    { METHOD_DKIM, RESULT_POLICY, "future", "the signer's clock, or the one here, is wrong" },
    { METHOD_DKIM, RESULT_POLICY, NULL,
      "the signature is not accepted here: it must cover the whole body and use RSA of at "
      "least 1024 bits with SHA-256, or Ed25519" },
    { METHOD_DKIM, RESULT_NEUTRAL, NULL, "the signature could not be used" },
    { METHOD_DKIM, RESULT_PERMERROR, "key",
      "the signer must publish the key under selector._domainkey.domain" },
    { METHOD_DKIM, RESULT_PERMERROR, NULL, "the signer must correct the signature or its key" },
    { METHOD_ARC, RESULT_FAIL, "temporary",
      "the key of a seal could not be asked for; ARC knows no second try, so the chain counts as "
      "broken for this message" },
    { METHOD_ARC, RESULT_FAIL, "cv=fail",
      "the newest sealer found the chain broken when the message reached him: look at what the "
      "handlers before him changed" },
    { METHOD_ARC, RESULT_FAIL, "body hash",
      "the body was changed after the newest sealer signed it: by a handler that does not seal" },
    { METHOD_ARC, RESULT_FAIL, "ARC-Message-Signature",
      "a handler after the newest sealer changed a field that his ARC-Message-Signature covers, or "
      "it is not well made" },
    { METHOD_ARC, RESULT_FAIL, NULL,
      "the ARC fields were changed, lost or not well made; a broken chain counts as none" },
    { METHOD_DMARC, RESULT_FAIL, NULL,
      "the sender needs SPF or DKIM to pass with the author's domain, or a subdomain of the "
      "same organization; here, an override { from-domains, enforce = \"none\" } "
      "spares a sender whom you know until he has mended it" },
    { METHOD_DMARC, RESULT_NONE, NULL,
      "the author domain publishes no DMARC policy: nothing is asked of receivers" },
    { METHOD_DMARC, RESULT_PERMERROR, NULL,
      "the From field must be a single one and give the author's address" },
};

static const char temporary[] = "try again later; if it lasts, look at the DNS servers of the "
                                "domain and at the resolver used here";

const char *advice_for(const struct finding *f)
{
    if (f->result == RESULT_TEMPERROR)
        return temporary;
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        const struct advice *a = &advices[i];

        if (a->method == f->method && a->result == f->result &&
            (!a->why || (f->reason && strstr(f->reason, a->why))))
            return a->todo;
    }
    return NULL;
}

/* Unit tests of auth/dmarc.c and dmarc_walk.c: zone, message, outcome. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "auth/dmarc.h"
#include "auth/dmarc_walk.h"
#include "base/region.h"
#include "zone_scope.h"

#define D(name, record) "_dmarc." name " TXT \"" record "\"\n"
#define A(name) name " A 192.0.2.1\n"
#define DEAD(name) "$FAULT _dmarc." name " TXT timeout\n"

/* In `dkim` and `spf` an identifier is RESULT:DOMAIN.  The outcome is
 * RESULT [POLICY/SOURCE@DOMAIN] [t] org=DOMAIN [spf=…] [dkim=…]. */
struct row {
    const char *name;
    const char *zone;
    const char *from; /* author domains */
    const char *spf;
    const char *dkim;
    const char *outcome;
};

#define TREE8 "a.b.c.d.e.f.example.com"

static const struct row tree_walk[] = {
    /* which record applies */
    { "own record", D("example.com", "v=DMARC1; p=reject"), "example.com", "", "",
      "fail reject/p@example.com org=example.com" },
    { "no record", A("example.com"), "example.com", "pass:example.com", "pass:example.com",
      "none org=example.com" },
    { "inherited", D("example.com", "v=DMARC1; p=reject") A("a.example.com"), "a.example.com", "",
      "", "fail reject/p@example.com org=example.com" },
    { "inherited sp", D("example.com", "v=DMARC1; p=reject; sp=none") A("a.example.com"),
      "a.example.com", "", "", "fail none/sp@example.com org=example.com" },
    { "own record: sp is not its own",
      D("a.example.com", "v=DMARC1; p=none; sp=reject") D("example.com", "v=DMARC1; p=quarantine"),
      "a.example.com", "", "", "fail none/p@a.example.com org=example.com" },
    { "between author and org: not used",
      D("b.example.com", "v=DMARC1; p=none") D("example.com", "v=DMARC1; p=reject")
          A("a.b.example.com"),
      "a.b.example.com", "", "", "fail reject/p@example.com org=example.com" },
    { "psd=n between: is the org",
      D("b.example.com", "v=DMARC1; p=quarantine; psd=n") D("example.com", "v=DMARC1; p=reject")
          A("a.b.example.com"),
      "a.b.example.com", "", "", "fail quarantine/p@b.example.com org=b.example.com" },
    { "record of a top-level domain without psd", D("com", "v=DMARC1; p=reject"), "example.com", "",
      "", "fail reject/p@com org=com" },
    { "psd=y above", D("com", "v=DMARC1; p=reject; psd=y") A("a.example.com"), "a.example.com", "",
      "", "fail reject/psd@com org=example.com" },
    { "psd=y above, sp", D("com", "v=DMARC1; p=reject; sp=quarantine; psd=y") A("example.com"),
      "example.com", "", "", "fail quarantine/psd@com org=example.com" },
    { "psd=y above, np", D("com", "v=DMARC1; p=none; np=reject; psd=y"), "example.com", "", "",
      "fail reject/psd@com org=example.com" },
    { "psd=y above an org with record",
      D("com", "v=DMARC1; p=reject; psd=y") D("example.com", "v=DMARC1; p=none") A("a.example.com"),
      "a.example.com", "", "", "fail none/p@example.com org=example.com" },
    { "psd=y above, record two below it is not the org's",
      D("com", "v=DMARC1; p=reject; psd=y") D("b.example.com", "v=DMARC1; p=none")
          A("a.b.example.com"),
      "a.b.example.com", "", "", "fail reject/psd@com org=example.com" },
    { "psd=y at the author", D("co.example", "v=DMARC1; p=reject; sp=none; psd=y"), "co.example",
      "", "", "fail reject/p@co.example org=co.example" },
    { "psd=y at a kept label: org is below it, never asked",
      D("c.d.e.f.g.example.com", "v=DMARC1; p=reject; psd=y") A("x.y.a.b.c.d.e.f.g.example.com"),
      "x.y.a.b.c.d.e.f.g.example.com", "", "",
      "fail reject/psd@c.d.e.f.g.example.com org=b.c.d.e.f.g.example.com" },
    { "skipped label", D("b.c.d.e.f.g.example.com", "v=DMARC1; p=reject; psd=n")
                           A("z.a.b.c.d.e.f.g.example.com"),
      "z.a.b.c.d.e.f.g.example.com", "", "", "none org=z.a.b.c.d.e.f.g.example.com" },
    { "single label", D("localdomain", "v=DMARC1; p=reject"), "localdomain", "", "",
      "fail reject/p@localdomain org=localdomain" },

    /* records that do not count */
    { "two records: walk on",
      D("a.example.com", "v=DMARC1; p=none") D("a.example.com", "v=DMARC1; p=quarantine")
          D("example.com", "v=DMARC1; p=reject") A("a.example.com"),
      "a.example.com", "", "", "fail reject/p@example.com org=example.com" },
    { "two records, one of them unusable",
      D("example.com", "v=DMARC1; p=none") D("example.com", "v=DMARC1"), "example.com", "", "",
      "none org=example.com" },
    { "two records, one of them with a duplicate tag",
      D("example.com", "v=DMARC1; p=none") D("example.com", "v=DMARC1; p=none; p=none"),
      "example.com", "", "", "none org=example.com" },
    { "another's text beside it",
      D("example.com", "v=spf1 -all") D("example.com", "v=DMARC1; p=reject")
          D("example.com", "v=DMARC2; p=none"),
      "example.com", "", "", "fail reject/p@example.com org=example.com" },
    { "duplicate tag: walk on",
      D("a.example.com", "v=DMARC1; p=none; p=none") D("example.com", "v=DMARC1; p=reject")
          A("a.example.com"),
      "a.example.com", "", "", "fail reject/p@example.com org=example.com" },
    { "unusable: no fall through to the parent",
      D("a.example.com", "v=DMARC1; p=x") D("example.com", "v=DMARC1; p=reject"), "a.example.com",
      "pass:a.example.com", "", "none org=example.com" },
    { "unusable at the org", D("example.com", "v=DMARC1; sp=x") A("a.example.com"), "a.example.com",
      "", "", "none org=example.com" },
    { "unusable between does not matter",
      D("b.example.com", "v=DMARC1") D("example.com", "v=DMARC1; p=reject") A("a.b.example.com"),
      "a.b.example.com", "", "", "fail reject/p@example.com org=example.com" },
    { "unusable with psd=n is still the org",
      D("b.example.com", "v=DMARC1; psd=n") D("example.com", "v=DMARC1; p=reject")
          A("a.b.example.com"),
      "a.b.example.com", "", "", "none org=b.example.com" },
    { "no p but rua", D("example.com", "v=DMARC1; rua=mailto:x@example.com"), "example.com", "", "",
      "fail none/p@example.com org=example.com" },
    { "strings of one record are joined",
      "_dmarc.example.com TXT \"v=DMAR\" \"C1; p=rej\" \"ect\"\n", "example.com", "", "",
      "fail reject/p@example.com org=example.com" },
    { "alias", "_dmarc.example.com CNAME d.example.net\nd.example.net TXT \"v=DMARC1; p=reject\"\n",
      "example.com", "", "", "fail reject/p@example.com org=example.com" },

    /* np */
    { "np", D("example.com", "v=DMARC1; p=none; sp=quarantine; np=reject"), "a.example.com", "", "",
      "fail reject/np@example.com org=example.com" },
    { "np, name exists", D("example.com", "v=DMARC1; p=none; sp=quarantine; np=reject")
                             "a.example.com MX 10 example.com\n",
      "a.example.com", "", "", "fail quarantine/sp@example.com org=example.com" },
    { "np, name above another exists",
      D("example.com", "v=DMARC1; p=none; np=reject") A("b.a.example.com"), "a.example.com", "", "",
      "fail none/p@example.com org=example.com" },
    { "np, alias to nowhere exists",
      D("example.com", "v=DMARC1; p=none; np=reject") "a.example.com CNAME gone.example.net\n",
      "a.example.com", "", "", "fail none/p@example.com org=example.com" },
    { "np, alias to a host exists",
      D("example.com", "v=DMARC1; p=none; np=reject") "a.example.com CNAME b.example.net\n"
          A("b.example.net"),
      "a.example.com", "", "", "fail none/p@example.com org=example.com" },
    { "no np: sp", D("example.com", "v=DMARC1; p=none; sp=reject"), "a.example.com", "", "",
      "fail reject/sp@example.com org=example.com" },
    { "np of its own record means nothing", D("example.com", "v=DMARC1; p=none; np=reject"),
      "example.com", "", "", "fail none/p@example.com org=example.com" },
    { "np, existence not known",
      D("example.com", "v=DMARC1; p=none; np=reject") "$FAULT a.example.com A servfail\n",
      "a.example.com", "", "", "temperror @example.com org=example.com" },
    { "np, existence not known, pass",
      D("example.com", "v=DMARC1; p=none; np=reject") "$FAULT a.example.com A servfail\n",
      "a.example.com", "", "pass:a.example.com",
      "pass @example.com org=example.com dkim=a.example.com" },
    { "np equal to sp: existence does not matter",
      D("example.com", "v=DMARC1; p=none; sp=reject; np=reject")
          "$FAULT a.example.com A servfail\n",
      "a.example.com", "", "", "fail reject/sp@example.com org=example.com" },

    /* t=y */
    { "t=y reject", D("example.com", "v=DMARC1; p=reject; t=y"), "example.com", "", "",
      "fail quarantine/p@example.com t org=example.com" },
    { "t=y quarantine", D("example.com", "v=DMARC1; p=quarantine; t=y"), "example.com", "", "",
      "fail none/p@example.com t org=example.com" },
    { "t=y none", D("example.com", "v=DMARC1; p=none; t=y"), "example.com", "", "",
      "fail none/p@example.com t org=example.com" },
    { "t=y after sp", D("example.com", "v=DMARC1; p=none; sp=reject; t=y") A("a.example.com"),
      "a.example.com", "", "", "fail quarantine/sp@example.com t org=example.com" },
    { "t=y after np", D("example.com", "v=DMARC1; p=none; np=quarantine; t=Y"), "a.example.com", "",
      "", "fail none/np@example.com t org=example.com" },

    /* alignment */
    { "spf identical", D("example.com", "v=DMARC1; p=reject"), "example.com", "pass:example.com",
      "", "pass reject/p@example.com org=example.com spf=example.com" },
    { "dkim identical", D("example.com", "v=DMARC1; p=reject"), "example.com", "",
      "pass:example.com", "pass reject/p@example.com org=example.com dkim=example.com" },
    { "both", D("example.com", "v=DMARC1; p=reject"), "example.com", "pass:b.example.com",
      "pass:d.example.com",
      "pass reject/p@example.com org=example.com spf=b.example.com dkim=d.example.com" },
    { "only one of them passes", D("example.com", "v=DMARC1; p=reject"), "example.com",
      "softfail:example.com", "pass:d.example.com",
      "pass reject/p@example.com org=example.com dkim=d.example.com" },
    { "an aligned failure and an unaligned pass", D("example.com", "v=DMARC1; p=reject"),
      "example.com", "fail:example.com", "pass:evil.example fail:example.com neutral:example.com",
      "fail reject/p@example.com org=example.com" },
    { "identical signature preferred", D("example.com", "v=DMARC1; p=reject"), "example.com", "",
      "pass:other.example pass:d.example.com pass:example.com",
      "pass reject/p@example.com org=example.com dkim=example.com" },
    { "org signs for its subdomain", D("example.com", "v=DMARC1; p=reject") A("a.example.com"),
      "a.example.com", "", "pass:example.com",
      "pass reject/p@example.com org=example.com dkim=example.com" },
    { "siblings", D("example.com", "v=DMARC1; p=reject") A("a.example.com"), "a.example.com", "",
      "pass:b.c.example.com", "pass reject/p@example.com org=example.com dkim=b.c.example.com" },
    { "label boundary", D("example.com", "v=DMARC1; p=reject"), "example.com", "",
      "pass:notexample.com pass:example.com.evil.example pass:com",
      "fail reject/p@example.com org=example.com" },
    { "same suffix only", D("example.com", "v=DMARC1; p=reject"), "example.com", "pass:attack.com",
      "", "fail reject/p@example.com org=example.com" },
    { "record only at the author: parent is another org", D("a.example.com", "v=DMARC1; p=reject"),
      "a.example.com", "", "pass:example.com", "fail reject/p@a.example.com org=a.example.com" },
    { "psd=n below the org is another org",
      D("example.com", "v=DMARC1; p=reject") D("b.example.com", "v=DMARC1; p=none; psd=n"),
      "example.com", "", "pass:b.example.com pass:a.b.example.com",
      "fail reject/p@example.com org=example.com" },
    { "signer with a record of its own",
      D("example.com", "v=DMARC1; p=reject") D("d.example.com", "v=DMARC1; p=none"), "example.com",
      "", "pass:d.example.com", "pass reject/p@example.com org=example.com dkim=d.example.com" },
    { "registrants below a public suffix",
      D("bank", "v=DMARC1; p=reject; psd=y") A("one.bank"), "one.bank", "", "pass:two.bank",
      "fail reject/psd@bank org=one.bank" },
    { "public suffix itself does not align with its registrants",
      D("bank", "v=DMARC1; p=reject; psd=y") A("one.bank"), "one.bank", "", "pass:bank",
      "fail reject/psd@bank org=one.bank" },
    { "one registrant below a public suffix", D("bank", "v=DMARC1; p=reject; psd=y"),
      "a.one.bank", "", "pass:b.one.bank",
      "pass reject/psd@bank org=one.bank dkim=b.one.bank" },
    { "public suffix as author: registrants are within, and other orgs",
      D("bank", "v=DMARC1; p=reject; psd=y"), "bank", "", "pass:one.bank",
      "fail reject/p@bank org=bank" },
    { "deep identifier", D("example.com", "v=DMARC1; p=reject"), "example.com", "",
      "pass:1.2.3.4.5.6.7.8.9.example.com",
      "pass reject/p@example.com org=example.com dkim=1.2.3.4.5.6.7.8.9.example.com" },
    { "strict dkim", D("example.com", "v=DMARC1; p=reject; adkim=s"), "example.com", "",
      "pass:d.example.com", "fail reject/p@example.com org=example.com" },
    { "strict dkim, identical", D("example.com", "v=DMARC1; p=reject; adkim=s"), "example.com", "",
      "pass:d.example.com pass:example.com",
      "pass reject/p@example.com org=example.com dkim=example.com" },
    { "strict dkim leaves spf relaxed", D("example.com", "v=DMARC1; p=reject; adkim=s"),
      "example.com", "pass:b.example.com", "pass:d.example.com",
      "pass reject/p@example.com org=example.com spf=b.example.com" },
    { "strict spf", D("example.com", "v=DMARC1; p=reject; aspf=s"), "example.com",
      "pass:b.example.com", "", "fail reject/p@example.com org=example.com" },
    { "strict from the inherited record", D("example.com", "v=DMARC1; p=reject; adkim=s; aspf=s")
                                              A("a.example.com"),
      "a.example.com", "pass:example.com", "pass:example.com",
      "fail reject/p@example.com org=example.com" },
    { "spf without identity", D("example.com", "v=DMARC1; p=reject"), "example.com", "pass:", "",
      "fail reject/p@example.com org=example.com" },

    /* the DNS fails */
    { "policy not known", DEAD("example.com"), "example.com", "", "", "temperror" },
    { "policy not known, though aligned", DEAD("example.com"), "example.com", "pass:example.com",
      "pass:example.com", "temperror spf=example.com dkim=example.com" },
    { "servfail", "$FAULT _dmarc.example.com TXT servfail\n", "example.com", "", "", "temperror" },
    { "parent not known", DEAD("example.com"), "a.example.com", "", "", "temperror" },
    { "parent of the author's record not known, nothing to align",
      D("a.example.com", "v=DMARC1; p=reject") DEAD("example.com"), "a.example.com",
      "fail:a.example.com", "", "fail reject/p@a.example.com" },
    { "parent not known, identical", D("a.example.com", "v=DMARC1; p=reject") DEAD("example.com"),
      "a.example.com", "", "pass:a.example.com",
      "pass reject/p@a.example.com dkim=a.example.com" },
    { "parent not known, may align", D("a.example.com", "v=DMARC1; p=reject") DEAD("example.com"),
      "a.example.com", "", "pass:example.com", "temperror reject/p@a.example.com" },
    { "parent not known, strict",
      D("a.example.com", "v=DMARC1; p=reject; adkim=s") DEAD("example.com"), "a.example.com", "",
      "pass:example.com", "fail reject/p@a.example.com" },
    { "parent not known, no common suffix",
      D("a.example.com", "v=DMARC1; p=reject") DEAD("example.com"), "a.example.com",
      "pass:attack.example", "", "fail reject/p@a.example.com" },
    { "top not known: which policy is not, that there is one is",
      D("example.com", "v=DMARC1; p=reject") DEAD("com"), "a.example.com", "",
      "pass:a.example.com", "pass dkim=a.example.com" },
    { "top not known, nothing passes", D("example.com", "v=DMARC1; p=reject") DEAD("com"),
      "a.example.com", "", "", "temperror" },
    { "above the end of the walk does not matter",
      D("example.com", "v=DMARC1; p=reject; psd=n") DEAD("com"), "example.com", "", "",
      "fail reject/p@example.com org=example.com" },
    { "walk of an identifier fails",
      D("example.com", "v=DMARC1; p=reject") DEAD("d.example.com"), "example.com", "",
      "pass:d.example.com", "temperror reject/p@example.com org=example.com" },
    { "walk of an identifier fails, another passes",
      D("example.com", "v=DMARC1; p=reject") DEAD("d.example.com"), "example.com",
      "pass:b.example.com", "pass:d.example.com",
      "pass reject/p@example.com org=example.com spf=b.example.com" },
    { "walk of a foreign identifier fails", D("example.com", "v=DMARC1; p=reject") DEAD("attack.com"),
      "example.com", "pass:attack.com", "", "fail reject/p@example.com org=example.com" },
    { "dkim temperror of an aligned domain", D("example.com", "v=DMARC1; p=reject"), "example.com",
      "", "temperror:d.example.com", "temperror reject/p@example.com org=example.com" },
    { "spf temperror of an aligned domain", D("example.com", "v=DMARC1; p=reject"), "example.com",
      "temperror:example.com", "fail:example.com",
      "temperror reject/p@example.com org=example.com" },
    { "temperror of a foreign domain", D("example.com", "v=DMARC1; p=reject"), "example.com",
      "temperror:attack.example", "temperror:other.com",
      "fail reject/p@example.com org=example.com" },
    { "temperror beside a pass", D("example.com", "v=DMARC1; p=reject"), "example.com",
      "temperror:example.com", "pass:example.com",
      "pass reject/p@example.com org=example.com dkim=example.com" },
    { "permerror is not temporary", D("example.com", "v=DMARC1; p=reject"), "example.com",
      "permerror:example.com", "permerror:example.com",
      "fail reject/p@example.com org=example.com" },

    /* bounds */
    { "more identifiers than are walked for", D("example.com", "v=DMARC1; p=reject")
      "_dmarc.a.example.com TXT \"v=DMARC1; p=none; psd=n\"\n"
      "_dmarc.b.example.com TXT \"v=DMARC1; p=none; psd=n\"\n",
      "example.com", "",
      "pass:1.a.example.com pass:2.a.example.com pass:3.a.example.com pass:4.a.example.com "
      "pass:5.a.example.com pass:1.b.example.com pass:2.b.example.com pass:3.b.example.com "
      "pass:4.b.example.com pass:5.b.example.com pass:6.b.example.com",
      "temperror reject/p@example.com org=example.com" },
    { "the same identifier many times is one", D("example.com", "v=DMARC1; p=reject")
      "_dmarc.a.example.com TXT \"v=DMARC1; p=none; psd=n\"\n",
      "example.com", "pass:a.example.com",
      "pass:a.example.com pass:a.example.com pass:a.example.com pass:a.example.com "
      "pass:a.example.com pass:a.example.com pass:a.example.com pass:a.example.com "
      "pass:a.example.com pass:a.example.com pass:a.example.com pass:a.example.com",
      "fail reject/p@example.com org=example.com" },

    /* several author domains */
    { "both pass",
      D("a.example", "v=DMARC1; p=reject") D("b.example", "v=DMARC1; p=reject"),
      "a.example b.example", "", "pass:a.example pass:b.example",
      "pass reject/p@a.example org=a.example dkim=a.example" },
    { "one fails",
      D("a.example", "v=DMARC1; p=reject") D("b.example", "v=DMARC1; p=quarantine"),
      "a.example b.example", "", "pass:a.example", "fail quarantine/p@b.example org=b.example" },
    { "both fail: the strictest decides",
      D("a.example", "v=DMARC1; p=quarantine") D("b.example", "v=DMARC1; p=reject")
          D("c.example", "v=DMARC1; p=none"),
      "a.example b.example c.example", "", "", "fail reject/p@b.example org=b.example" },
    { "a failure decides over a temporary error",
      DEAD("a.example") D("b.example", "v=DMARC1; p=reject"), "a.example b.example", "", "",
      "fail reject/p@b.example org=b.example" },
    { "temporary error decides over none", DEAD("b.example"), "a.example b.example", "", "",
      "temperror" },
    { "one passes, the other has no policy", D("a.example", "v=DMARC1; p=reject"),
      "a.example b.example", "", "pass:a.example", "permerror org=b.example" },
    { "neither has a policy", A("a.example"), "a.example b.example", "", "",
      "permerror org=a.example" },
    { "failures under p=none",
      D("a.example", "v=DMARC1; p=none") D("b.example", "v=DMARC1; p=none"), "a.example b.example",
      "", "", "permerror none/p@a.example org=a.example" },
};

/* By the Public Suffix List.  The list has com, co.uk, and "*" for the rest. */
static const struct row by_list[] = {
    { "own record", D("example.com", "v=DMARC1; p=reject"), "example.com", "", "",
      "fail reject/p@example.com org=example.com" },
    { "inherited", D("example.co.uk", "v=DMARC1; p=reject; sp=quarantine") A("a.b.example.co.uk"),
      "a.b.example.co.uk", "", "", "fail quarantine/sp@example.co.uk org=example.co.uk" },
    { "only author and org are asked",
      D("b.example.com", "v=DMARC1; p=reject") A("a.b.example.com"), "a.b.example.com", "", "",
      "none org=example.com" },
    { "own record, org by the list", D("a.example.com", "v=DMARC1; p=reject"), "a.example.com", "",
      "pass:example.com", "pass reject/p@a.example.com org=example.com dkim=example.com" },
    { "psd has no meaning", D("com", "v=DMARC1; p=reject; psd=y"), "example.com", "", "",
      "none org=example.com" },
    { "public suffix is another org", D("example.co.uk", "v=DMARC1; p=reject"), "example.co.uk", "",
      "pass:co.uk pass:other.co.uk", "fail reject/p@example.co.uk org=example.co.uk" },
    { "author is a public suffix", D("co.uk", "v=DMARC1; p=reject"), "co.uk", "",
      "pass:example.co.uk", "fail reject/p@co.uk org=co.uk" },
    { "top-level domain not on the list", D("corp.zz9", "v=DMARC1; p=reject") A("a.corp.zz9"),
      "a.corp.zz9", "pass:b.corp.zz9", "", "pass reject/p@corp.zz9 org=corp.zz9 spf=b.corp.zz9" },
    { "strict", D("example.com", "v=DMARC1; p=reject; aspf=s"), "example.com",
      "pass:b.example.com", "", "fail reject/p@example.com org=example.com" },
    { "author not known", DEAD("a.example.com") D("example.com", "v=DMARC1; p=reject"),
      "a.example.com", "", "pass:a.example.com",
      "temperror org=example.com dkim=a.example.com" },
    { "org not known", DEAD("example.com"), "a.example.com", "", "",
      "temperror org=example.com" },
    { "org not needed", D("a.example.com", "v=DMARC1; p=reject") DEAD("example.com"),
      "a.example.com", "", "pass:b.example.com",
      "pass reject/p@a.example.com org=example.com dkim=b.example.com" },
};

enum { IDENTIFIERS_MAX = 20 };

/* Splits "RESULT:DOMAIN RESULT:DOMAIN …"; their number. */
static size_t identifiers(struct region *region, const char *text, struct dmarc_dkim *out)
{
    char *rest = text_dup(region, text_of(text));
    size_t count = 0;

    for (char *word; (word = strsep(&rest, " "));) {
        size_t colon = text_find(text_of(word), ':');
        int result;

        if (!*word)
            continue;
        assert_true(count < IDENTIFIERS_MAX);
        assert_true(name_value(result_names, text_head(text_of(word), colon), &result));
        out[count++] = (struct dmarc_dkim){ (enum result)result, word + colon + 1 };
    }
    return count;
}

static void authors(const char *text, struct author *author)
{
    struct text rest = text_of(text);

    memset(author, 0, sizeof *author);
    while (rest.len > 0) {
        size_t space = text_find(rest, ' ');

        assert_true(domain_normalise(text_head(rest, space), author->domains[author->count++]));
        rest = text_tail(rest, space + 1);
    }
    author->status = author->count > 1 ? AUTHOR_SEVERAL : AUTHOR_OK;
}

static const char *described(const struct dmarc_outcome *o, char out[1000])
{
    int len = snprintf(out, 1000, "%s", name_of(result_names, (int)o->result));

#define ADD(...) (len += snprintf(out + len, 1000 - (size_t)len, __VA_ARGS__))
    if (o->has_policy)
        ADD(" %s/%s@%s", name_of(dmarc_policy_names, (int)o->policy),
            name_of(dmarc_policy_source_names, (int)o->policy_source), o->policy_domain);
    else if (o->policy_domain)
        ADD(" @%s", o->policy_domain);
    if (o->testing)
        ADD(" t");
    if (o->organizational_domain)
        ADD(" org=%s", o->organizational_domain);
    if (o->aligned_spf)
        ADD(" spf=%s", o->aligned_spf);
    if (o->aligned_dkim)
        ADD(" dkim=%s", o->aligned_dkim);
#undef ADD
    return out;
}

static void judge(struct region *region, struct dns_scope *scope, const struct row *row,
                  enum dmarc_discovery discovery, struct findings *findings,
                  struct dmarc_outcome *outcome)
{
    struct dmarc_dkim spf[IDENTIFIERS_MAX], dkim[IDENTIFIERS_MAX];
    size_t spf_count = identifiers(region, row->spf, spf);
    struct author author;
    struct dmarc_request request = {
        .region = region,
        .dns = scope,
        .author = &author,
        .discovery = discovery,
        .spf_result = spf_count ? spf[0].result : RESULT_NONE,
        .spf_domain = spf_count ? spf[0].domain : "",
        .dkim_count = identifiers(region, row->dkim, dkim),
        .dkim = dkim,
    };

    authors(row->from, &author);
    findings_init(findings, region);
    check_dmarc(findings, &request, outcome);
    memset(&author, 'x', sizeof author); /* the outcome must not point into it */
}

static unsigned run_rows(const struct row *rows, size_t count, enum dmarc_discovery discovery)
{
    unsigned failed = 0;

    for (size_t i = 0; i < count; i++) {
        struct region *region = region_new(0);
        struct dns_scope *scope = zone_scope(rows[i].zone, 200);
        struct findings findings;
        struct dmarc_outcome outcome;
        char line[1000];

        judge(region, scope, &rows[i], discovery, &findings, &outcome);
        assert_int_equal(outcome.discovery, discovery);
        dns_scope_unref(scope); /* nor into the answers */
        if (strcmp(described(&outcome, line), rows[i].outcome) != 0) {
            print_error("%s\n  expected %s\n  got      %s (%s)\n", rows[i].name, rows[i].outcome,
                        line, outcome.reason ? outcome.reason : "-");
            failed++;
        }
        assert_false(region_failed(region));
        region_free(region);
    }
    return failed;
}

static void by_tree_walk(void **state)
{
    (void)state;
    assert_int_equal(run_rows(tree_walk, sizeof tree_walk / sizeof tree_walk[0], DMARC_TREE_WALK),
                     0);
}

static void by_public_suffix_list(void **state)
{
    (void)state;
    assert_int_equal(run_rows(by_list, sizeof by_list / sizeof by_list[0], DMARC_PSL), 0);
}

static const struct {
    const char *zone, *from;
    enum dmarc_discovery discovery;
    const char *queries; /* without "_dmarc." */
} walks[] = {
    { D("example.com", "v=DMARC1; p=reject"), "example.com", DMARC_TREE_WALK, "example.com com" },
    { D("example.com", "v=DMARC1; p=reject; psd=n"), "example.com", DMARC_TREE_WALK,
      "example.com" },
    { D("example.com", "v=DMARC1; p=reject; psd=y"), "a.example.com", DMARC_TREE_WALK,
      "a.example.com example.com" },
    { DEAD("example.com"), "a.example.com", DMARC_TREE_WALK, "a.example.com example.com" },
    { "", "com", DMARC_TREE_WALK, "com" },
    { "", "b.c.d.e.f.example.com", DMARC_TREE_WALK,
      "b.c.d.e.f.example.com c.d.e.f.example.com d.e.f.example.com e.f.example.com f.example.com "
      "example.com com" },
    { "", "a.b.c.d.e.f.example.com", DMARC_TREE_WALK,
      "a.b.c.d.e.f.example.com b.c.d.e.f.example.com c.d.e.f.example.com d.e.f.example.com "
      "e.f.example.com f.example.com example.com com" },
    { "", "x.a.b.c.d.e.f.example.com", DMARC_TREE_WALK,
      "x.a.b.c.d.e.f.example.com b.c.d.e.f.example.com c.d.e.f.example.com d.e.f.example.com "
      "e.f.example.com f.example.com example.com com" },
    { "", "1.2.3.4.5.6.7.8.9.10.11.12.example.com", DMARC_TREE_WALK,
      "1.2.3.4.5.6.7.8.9.10.11.12.example.com 8.9.10.11.12.example.com 9.10.11.12.example.com "
      "10.11.12.example.com 11.12.example.com 12.example.com example.com com" },
    { "", "a.example b.a.example", DMARC_TREE_WALK,
      "a.example example b.a.example a.example example" },
    { "", "a.b.example.co.uk", DMARC_PSL, "a.b.example.co.uk example.co.uk" },
    { "", "example.co.uk", DMARC_PSL, "example.co.uk" },
    { D("a.example.com", "v=DMARC1; p=none"), "a.example.com", DMARC_PSL, "a.example.com" },
};

static void queries_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        struct row row = { "", walks[i].zone, walks[i].from, "", "", "" };
        struct region *region = region_new(0);
        struct dns_scope *scope = zone_scope(walks[i].zone, 200);
        struct findings findings;
        struct dmarc_outcome outcome;
        char line[4096] = "";

        judge(region, scope, &row, walks[i].discovery, &findings, &outcome);
        for (size_t q = 0; q < outcome.query_count; q++) {
            assert_memory_equal(outcome.queries[q], "_dmarc.", 7);
            snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", q ? " " : "",
                     outcome.queries[q] + 7);
        }
        assert_string_equal(line, walks[i].queries);
        dns_scope_unref(scope);
        region_free(region);
    }
}

/* _dmarc.NAME longer than a name can be holds no record; its parents do. */
static void names_at_the_limit(void **state)
{
    char from[DOMAIN_MAX + 1], label[64];
    struct row row = { "", D("com", "v=DMARC1; p=reject") "\n$TTL 1\n", from, "", "", "" };
    struct region *region = region_new(0);
    struct dns_scope *scope = zone_scope(row.zone, 200);
    struct findings findings;
    struct dmarc_outcome outcome;

    (void)state;
    memset(label, 'a', 63);
    label[63] = '\0';
    snprintf(from, sizeof from, "%s.%s.%s.%.57s.com", label, label, label, label);
    assert_int_equal(strlen(from), DOMAIN_MAX);
    judge(region, scope, &row, DMARC_TREE_WALK, &findings, &outcome);
    assert_int_equal(outcome.result, RESULT_FAIL);
    assert_string_equal(outcome.policy_domain, "com");
    assert_int_equal(outcome.query_count, 4); /* of 5 names in the walk */
    dns_scope_unref(scope);
    region_free(region);
}

/* Every question of a walk is started before the first is waited for, and a
 * prefetched walk asks nothing more. */
static void prefetch_asks_what_the_walk_needs(void **state)
{
    struct row row = { "", "", "x." TREE8, "pass:y." TREE8, "", "" };
    struct region *region = region_new(0);
    struct dns_scope *scope = zone_scope("", 200);
    struct findings findings;
    struct dmarc_outcome outcome;
    struct dns_scope_usage usage;

    (void)state;
    dmarc_prefetch(scope, row.from, DMARC_TREE_WALK);
    dns_scope_usage(scope, &usage);
    assert_int_equal(usage.questions, 8);
    judge(region, scope, &row, DMARC_TREE_WALK, &findings, &outcome);
    dns_scope_usage(scope, &usage);
    assert_int_equal(usage.questions, 8);
    dmarc_prefetch(scope, "a.example.co.uk", DMARC_PSL);
    dns_scope_usage(scope, &usage);
    assert_int_equal(usage.questions, 10);
    dns_scope_unref(scope);
    region_free(region);
}

/* Existence is asked for while the walk goes on, and only where np matters. */
static void prefetch_follows_np(void **state)
{
    static const struct {
        const char *zone;
        unsigned questions;
    } cases[] = {
        { D("example.com", "v=DMARC1; p=none; np=reject"), 4 },
        { D("example.com", "v=DMARC1; p=none; sp=reject"), 3 },
        { D("a.example.com", "v=DMARC1; p=none; np=reject"), 3 },
        { D("a.example.com", "v=DMARC1; p=none")
          D("example.com", "v=DMARC1; p=none; np=reject"), 3 },
        { D("a.example.com", "v=DMARC1; p=none; p=none")
          D("example.com", "v=DMARC1; p=none; np=reject"), 4 },
        { D("a.example.com", "v=DMARC1; p=none") D("a.example.com", "v=DMARC1; p=reject")
          D("example.com", "v=DMARC1; p=none; np=reject"), 4 },
        { D("example.com", "v=DMARC1; p=none; np=reject") D("example.com", "v=DMARC1; p=none"), 3 },
        { D("com", "v=DMARC1; p=none; np=reject; psd=y"), 4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dns_scope *scope = zone_scope(cases[i].zone, 200);
        struct dns_scope_usage usage;

        dmarc_prefetch(scope, "a.example.com", DMARC_TREE_WALK);
        dns_scope_lookup(scope, "_dmarc.com", DNS_TXT);
        for (int wait = 0; wait < 500; wait++) {
            dns_scope_usage(scope, &usage);
            if (usage.questions == cases[i].questions)
                break;
            usleep(1000);
        }
        assert_int_equal(usage.questions, cases[i].questions);
        dns_scope_unref(scope);
    }
}

/* A bound of the scope is an error that trying again does not mend, never
 * "no policy". */
static void question_limit(void **state)
{
    struct row row = { "", D("example.com", "v=DMARC1; p=reject"), "a.b.c.example.com", "", "",
                       "" };
    struct region *region = region_new(0);
    struct dns_scope *scope = zone_scope(row.zone, 2);
    struct findings findings;
    struct dmarc_outcome outcome;

    (void)state;
    judge(region, scope, &row, DMARC_TREE_WALK, &findings, &outcome);
    assert_int_equal(outcome.result, RESULT_PERMERROR);
    dns_scope_unref(scope);
    region_free(region);
}

static void the_finding(void **state)
{
    struct row row = { "", D("example.com", "v=DMARC1; p=reject; sp=none") A("a.example.com"),
                       "a.example.com", "", "", "" };
    struct region *region = region_new(0);
    struct dns_scope *scope = zone_scope(row.zone, 200);
    struct findings findings;
    struct dmarc_outcome outcome;

    (void)state;
    judge(region, scope, &row, DMARC_TREE_WALK, &findings, &outcome);
    assert_int_equal(findings.first->method, METHOD_DMARC);
    assert_int_equal(findings.first->result, RESULT_FAIL);
    assert_null(findings.first->reason);
    assert_true(text_equal(finding_get(findings.first, "header.from"), TEXT("a.example.com")));
    assert_true(text_equal(finding_get(findings.first, "policy.dmarc"), TEXT("none")));
    assert_true(text_equal(outcome.record->text, TEXT("v=DMARC1; p=reject; sp=none")));
    dns_scope_unref(scope);
    region_free(region);
}

static void no_author_is_an_error(void **state)
{
    static const enum author_status statuses[] = {
        AUTHOR_TOO_MANY, AUTHOR_NO_FIELD,  AUTHOR_MANY_FIELDS,
        AUTHOR_NO_MAILBOX, AUTHOR_NO_DOMAIN, AUTHOR_UNPARSABLE,
    };
    const char *before = "";

    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct author author = { .status = statuses[i], .count = 1 };
        struct region *region = region_new(0);
        struct dns_scope *scope = zone_scope(D("example.com", "v=DMARC1; p=none"), 200);
        struct dmarc_request request = { .region = region, .dns = scope, .author = &author };
        struct dmarc_outcome outcome;
        struct findings findings;

        strcpy(author.domains[0], "example.com");
        findings_init(&findings, region);
        check_dmarc(&findings, &request, &outcome);
        assert_int_equal(outcome.result, RESULT_PERMERROR);
        assert_null(outcome.from_domain);
        assert_false(outcome.has_policy);
        assert_string_not_equal(outcome.reason, before);
        before = outcome.reason;
        dns_scope_unref(scope);
        region_free(region);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_tree_walk),
        cmocka_unit_test(by_public_suffix_list),
        cmocka_unit_test(queries_in_order),
        cmocka_unit_test(names_at_the_limit),
        cmocka_unit_test(prefetch_asks_what_the_walk_needs),
        cmocka_unit_test(prefetch_follows_np),
        cmocka_unit_test(question_limit),
        cmocka_unit_test(the_finding),
        cmocka_unit_test(no_author_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPF from zone text and an SMTP session to findings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/spf.h"
#include "auth/spf_walk.h"
#include "base/region.h"
#include "dns/resolver.h"
#include "dns/scope.h"

static const char zone_text[] =
    "helo.example TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "host.example A 192.0.2.1\n"
    "host.example AAAA 2001:db8::1\n"
    "text.example TXT \"hello\"\n"
    "two.example TXT \"v=spf1 +all\"\n"
    "two.example TXT \"v=spf1 +all\"\n"
    "split.example TXT \"v=spf1 ip4:192\" \".0.2.1 -all\"\n"
    "syntax.example TXT \"v=spf1 +all a/33\"\n"
    "utf8.example TXT \"v=spf1 +all x=\\195\\169\"\n"
    "$FAULT dead.example TXT timeout\n"
    "$FAULT dead.example A servfail\n"
    "cname.example CNAME split.example\n"
    /* matching */
    "order.example TXT \"v=spf1 ?ip4:192.0.2.2 ~a:host.example -all\"\n"
    "plain.example TXT \"v=spf1 a mx -all\"\n"
    "plain.example A 192.0.2.7\n"
    "plain.example MX 10 host.example\n"
    "nullmx.example TXT \"v=spf1 mx -all\"\n"
    "nullmx.example MX 0 .\n"
    "any.example TXT \"v=spf1 ip4:0.0.0.0/0 ip6:::/0 -all\"\n"
    "any4.example TXT \"v=spf1 ip4:198.51.100.0/0 -all\"\n"
    "aany.example TXT \"v=spf1 a:host.example/0 -all\"\n"
    "aany6.example TXT \"v=spf1 mx:plain.example//0 -all\"\n"
    "anone.example TXT \"v=spf1 a:nowhere.example/0 -all\"\n"
    "cidr.example TXT \"v=spf1 a:host.example/24//32 -all\"\n"
    "mapped.example TXT \"v=spf1 ip6:::ffff:192.0.2.1 -all\"\n"
    "odd.example TXT \"v=spf1 a:foo:bar/b!z.host.example -all\"\n"
    "foo\\058bar/b!z.host.example A 192.0.2.1\n"
    "exists.example TXT \"v=spf1 exists:host.example -all\"\n"
    "exists6.example TXT \"v=spf1 exists:six.example -all\"\n"
    "six.example AAAA 2001:db8::1\n"
    "fall.example TXT \"v=spf1 ip4:192.0.2.9\"\n"
    "adead.example TXT \"v=spf1 a:dead.example -all\"\n"
    "later.example TXT \"v=spf1 ip4:192.0.2.1 a:dead.example -all\"\n"
    /* ptr */
    "ptr.example TXT \"v=spf1 ptr:host.example -all\"\n"
    "ptrself.example TXT \"v=spf1 ptr -all\"\n"
    "mail.ptrself.example A 192.0.2.3\n"
    "1.2.0.192.in-addr.arpa. PTR host.example\n"
    "1.2.0.192.in-addr.arpa. PTR forged.ptrself.example\n"
    "3.2.0.192.in-addr.arpa. PTR mail.ptrself.example\n"
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR host.example\n"
    "$FAULT 4.2.0.192.in-addr.arpa. PTR timeout\n"
    "5.2.0.192.in-addr.arpa. PTR dead.example\n"
    "5.2.0.192.in-addr.arpa. PTR five.ptrself.example\n"
    "five.ptrself.example A 192.0.2.5\n"
    /* include, redirect */
    "inc.example TXT \"v=spf1 -include:split.example ~all\"\n"
    "incnone.example TXT \"v=spf1 include:text.example -all\"\n"
    "incdead.example TXT \"v=spf1 include:dead.example -all\"\n"
    "inctwo.example TXT \"v=spf1 include:two.example -all\"\n"
    "incsyntax.example TXT \"v=spf1 include:syntax.example -all\"\n"
    "incbad.example TXT \"v=spf1 include:a..b -all\"\n"
    "incself.example TXT \"v=spf1 include:plain.example -all\"\n"
    "redir.example TXT \"v=spf1 redirect=plain.example ip4:192.0.2.5\"\n"
    "redirall.example TXT \"v=spf1 redirect=text.example -all\"\n"
    "redirnone.example TXT \"v=spf1 redirect=text.example\"\n"
    "redirinc.example TXT \"v=spf1 include:redir.example ~all\"\n"
    "loop.example TXT \"v=spf1 include:loop2.example\"\n"
    "loop2.example TXT \"v=spf1 include:loop.example\"\n"
    "reloop.example TXT \"v=spf1 redirect=reloop.example\"\n"
    "nested.example TXT \"v=spf1 ?include:redirinc.example\"\n"
    /* what does not reach the library */
    "macro.example TXT \"v=spf1 ip4:192.0.2.1 exists:%{ir}.example -all\"\n"
    "macrored.example TXT \"v=spf1 redirect=%{d2}.example\"\n"
    "5.2.0.192.example A 127.0.0.2\n"
    "percent.example TXT \"v=spf1 ~a:%%.example +all\"\n"
    "%.example A 192.0.2.8\n"
    "spaced.example TXT \"v=spf1 a:a%_b.example -all\"\n"
    "a\\032b.example A 192.0.2.1\n"
    "odddead.example TXT \"v=spf1 a:x!y.example -all\"\n"
    "$FAULT x!y.example A timeout\n"
    "mxodd.example TXT \"v=spf1 mx -all\"\n"
    "mxodd.example MX 10 foo\\058bar/baz\\041.example\n"
    "foo\\058bar/baz\\041.example A 192.0.2.1\n"
    "local.example TXT \"v=spf1 exists:%{l}.l.example -all\"\n"
    "user.l.example A 127.0.0.2\n"
    "upper.example TXT \"v=spf1 exists:%{L}.l.example -all\"\n"
    "%c3%bc.l.example A 127.0.0.2\n"
    "\\195\\188.l.example A 127.0.0.2\n"
    "inclocal.example TXT \"v=spf1 include:%{l}.inc.example ?all\"\n"
    "user.inc.example TXT \"v=spf1 +all\"\n"
    "redlocal.example TXT \"v=spf1 redirect=%{l}.inc.example\"\n"
    "domainonly.example TXT \"v=spf1 a:%{o1}.dom.%{d} -all\"\n"
    "example.dom.domainonly.example A 192.0.2.9\n"
    "validated.example TXT \"v=spf1 exists:%{p}.p.example -all\"\n"
    "host.example.p.example A 127.0.0.2\n"
    "unknown.p.example A 127.0.0.2\n"
    "crowd.example TXT \"v=spf1 a -all\"\n"
    "incmacro.example TXT \"v=spf1 include:macro.example +all\"\n"
    "expmoo.example TXT \"v=spf1 moo=%{l}%{S} ip4:192.0.2.1 exp=%{l}.example -all\"\n"
    /* explanations */
    "exp.example TXT \"v=spf1 -all exp=why.example\"\n"
    "why.example TXT \"Not \" \"from there.\"\n"
    "exptwo.example TXT \"v=spf1 -all exp=text2.example\"\n"
    "text2.example TXT \"a\"\n"
    "text2.example TXT \"b\"\n"
    "expmacro.example TXT \"v=spf1 -all exp=whymacro.example\"\n"
    "whymacro.example TXT \"%{i} is bad\"\n"
    "expname.example TXT \"v=spf1 -all exp=wh%{d1r}.example\"\n"
    "whexpname.example TXT \"Not from there.\"\n"
    "exppercent.example TXT \"v=spf1 -all exp=whypercent.example\"\n"
    "whypercent.example TXT \"100 % of %{d}\"\n"
    "explong.example TXT \"v=spf1 -all exp=whylong.example\"\n"
    "whylong.example TXT \"%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}\""
    " \"%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}%{s}\"\n"
    "expempty.example TXT \"v=spf1 -all exp=whyempty.example\"\n"
    "whyempty.example TXT \"\"\n"
    "exputf8.example TXT \"v=spf1 -all exp=whyutf8.example\"\n"
    "whyutf8.example TXT \"f\\195\\188r %{d}\"\n"
    "expall.example TXT \"v=spf1 -all exp=whyall.example\"\n"
    "whyall.example TXT \"%{c} %{r} %{t} %{p} %{v} %{s} %{o} %{h}%_%_%-%% http://why/?%{S}\"\n"
    "expredirected.example TXT \"v=spf1 exp=other.example redirect=expwhere.example\"\n"
    "expwhere.example TXT \"v=spf1 -all exp=whywhere.example\"\n"
    "whywhere.example TXT \"%{d}\"\n"
    "expnot.example TXT \"v=spf1 +all exp=why.example\"\n"
    "expsender.example TXT \"v=spf1 -all exp=whysender.example\"\n"
    "whysender.example TXT \"%{s}\"\n"
    "expescaped.example TXT \"v=spf1 -all exp=whyescaped.example\"\n"
    "whyescaped.example TXT \"%{S}\"\n"
    "xn--bcher-kva.expu.example TXT \"v=spf1 -all exp=whywhere.example\"\n"
    "exphelo.example TXT \"v=spf1 -all exp=whyhelo.example\"\n"
    "whyhelo.example TXT \"%{h}\"\n"
    "expcrlf.example TXT \"v=spf1 -all exp=whycrlf.example\"\n"
    "whycrlf.example TXT \"a\\013\\010b\"\n"
    "expdead.example TXT \"v=spf1 -all exp=dead.example\"\n"
    "expinc.example TXT \"v=spf1 include:exp.example -all exp=other.example\"\n"
    "other.example TXT \"Other.\"\n"
    "expredir.example TXT \"v=spf1 exp=other.example redirect=exp.example\"\n"
    /* limits */
    "ten.example TXT \"v=spf1 a:host.example a:host.example a:host.example a:host.example"
    " a:host.example\" \" a:host.example a:host.example a:host.example a:host.example"
    " a:host.example -all\"\n"
    "eleven.example TXT \"v=spf1 include:ten.example a:host.example -all\"\n"
    "deep.example TXT \"v=spf1 include:d1.example include:d1.example include:d1.example ?all\"\n"
    "d1.example TXT \"v=spf1 include:d2.example include:d2.example include:d2.example ?all\"\n"
    "d2.example TXT \"v=spf1 include:d3.example include:d3.example include:d3.example ?all\"\n"
    "d3.example TXT \"v=spf1 a:host.example a:host.example a:host.example ?all\"\n"
    "voids2.example TXT \"v=spf1 a:n1.example mx:n2.example ~all\"\n"
    "voids3.example TXT \"v=spf1 a:n1.example include:vi.example ~all\"\n"
    "vi.example TXT \"v=spf1 exists:n2.example a:n3.example +all\"\n"
    "mx10.example TXT \"v=spf1 mx ~all\"\n"
    "mx11.example TXT \"v=spf1 mx ~all\"\n"
    "manymx.example TXT \"v=spf1 mx:mx10.example mx:my10.example mx:mz10.example mx:mw10.example"
    " ~all\"\n";

static struct resolver *resolver;

static void write_many(FILE *file)
{
    static const char *const owners[] = { "mx10", "my10", "mz10", "mw10" };

    for (int i = 0; i < 11; i++) {
        fprintf(file, "mx11.example MX 10 m%d.example\n", i);
        for (size_t j = 0; i < 10 && j < sizeof owners / sizeof owners[0]; j++)
            fprintf(file, "%s.example MX 10 m%d.%s.example\n", owners[j], i, owners[j]);
        fprintf(file, "m%d.example A 198.51.100.%d\n", i, i);
        fprintf(file, "m%d.mx10.example A 192.0.2.%d\n", i, 100 + i);
        fprintf(file, "50.2.0.192.in-addr.arpa. PTR p%d.ptrself.example\n", i);
    }
    /* The eleventh name alone would match. */
    fprintf(file, "p10.ptrself.example A 192.0.2.50\n");
}

static void write_long(FILE *file, const char *name, int networks)
{
    fprintf(file, "%s.example TXT", name);
    for (int i = 0; i < networks; i++)
        fprintf(file, " \"%sip4:198.51.100.%d\"", i ? " " : "v=spf1 ", i % 256);
    fprintf(file, " \" ip4:192.0.2.1\"\n");
}

static int open_zone(void **state)
{
    char name[] = "/tmp/test_spf.XXXXXX", error[256] = "";
    int fd = mkstemp(name);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    (void)state;
    if (!file)
        return -1;
    fputs(zone_text, file);
    write_many(file);
    write_long(file, "fits", 62);
    write_long(file, "long", 64);
    write_long(file, "many", 500);
    for (int i = 0; i < 200; i++)
        fprintf(file, "crowd.example A 198.51.100.%d\n", i);
    fclose(file);
    resolver = resolver_new_zone(name, error, sizeof error);
    unlink(name);
    if (!resolver)
        print_error("%s\n", error);
    return resolver ? 0 : -1;
}

static int close_zone(void **state)
{
    (void)state;
    resolver_unref(resolver);
    return 0;
}

static const struct spf_engine *const engines[] = { &spf_engine_libspf2, &spf_engine_native };

enum { ENGINES = sizeof engines / sizeof engines[0] };

struct run {
    const struct spf_engine *engine;
    struct region *region;
    struct dns_scope *dns;
    struct findings findings;
    struct spf_identity identity;
};

static void run_begin(struct run *run, const struct spf_engine *engine)
{
    struct dns_scope_limits limits = { .questions_max = 100 };

    run->engine = engine;
    run->region = region_new(0);
    run->dns = dns_scope_new(resolver, &limits);
    findings_init(&run->findings, run->region);
}

static struct spf_params params_of(const struct run *run, const char *ip, const char *helo,
                                   const struct path *mail_from)
{
    struct spf_params params = {
        .engine = run->engine,
        .dns = run->dns,
        .helo = text_of(helo),
        .mail_from = mail_from,
        .receiver = "mx.example.org",
        .now = 1700000000,
        .explain = true,
    };

    ip_parse(text_of(ip), &params.client);
    return params;
}

static void run_prefetch(struct run *run, const char *ip, const char *helo, const char *mail_from)
{
    struct spf_params params;
    struct path path;

    path_parse(text_of(mail_from), &path);
    params = params_of(run, ip, helo, &path);
    prefetch_spf(&params);
}

static void run_check(struct run *run, const char *ip, const char *helo, const char *mail_from)
{
    struct spf_params params;
    struct path path;

    path_parse(text_of(mail_from), &path);
    params = params_of(run, ip, helo, &path);
    check_spf(&run->findings, &params, &run->identity);
    spf_identity_explain(&run->identity);
    assert_false(region_failed(run->region));
}

static void run_end(struct run *run)
{
    region_free(run->region);
    dns_scope_unref(run->dns);
}

static unsigned questions(struct run *run)
{
    struct dns_scope_usage usage;

    dns_scope_usage(run->dns, &usage);
    return usage.questions;
}

static const struct detail *detail(const struct finding *finding, const char *name)
{
    const struct detail *d = finding->details;

    while (d && strcmp(d->name, name) != 0)
        d = d->next;
    return d;
}

/* domain (below .example), client, result, then what is not empty:
 * reason, deciding mechanism, explanation. */
static const struct row {
    const char *domain, *client;
    enum result result;
    const char *reason, *mechanism, *explanation;
} rows[] = {
    /* records */
    { "helo", "192.0.2.1", RESULT_PASS, NULL, "ip4:192.0.2.1", NULL },
    { "helo", "192.0.2.2", RESULT_FAIL, NULL, "-all", NULL },
    { "nowhere", "192.0.2.1", RESULT_NONE, "no SPF record", NULL, NULL },
    { "text", "192.0.2.1", RESULT_NONE, "no SPF record", NULL, NULL },
    { "host", "192.0.2.1", RESULT_NONE, "no SPF record", NULL, NULL },
    { "two", "192.0.2.1", RESULT_PERMERROR, "more than one SPF record at two.example", NULL,
      NULL },
    { "split", "192.0.2.1", RESULT_PASS, NULL, "ip4:192.0.2.1", NULL },
    { "cname", "192.0.2.1", RESULT_PASS, NULL, "ip4:192.0.2.1", NULL },
    { "syntax", "192.0.2.1", RESULT_PERMERROR,
      "syntax error (bad prefix length) in the record of syntax.example", NULL, NULL },
    { "utf8", "192.0.2.1", RESULT_PERMERROR,
      "syntax error (octet that is not printable ASCII) in the record of utf8.example", NULL,
      NULL },
    { "dead", "192.0.2.1", RESULT_TEMPERROR, "DNS at dead.example: timeout", NULL, NULL },
    /* terms */
    { "order", "192.0.2.1", RESULT_SOFTFAIL, NULL, "~a:host.example", NULL },
    { "order", "192.0.2.2", RESULT_NEUTRAL, NULL, "?ip4:192.0.2.2", NULL },
    { "order", "192.0.2.3", RESULT_FAIL, NULL, "-all", NULL },
    { "order", "2001:db8::1", RESULT_SOFTFAIL, NULL, "~a:host.example", NULL },
    { "order", "2001:db8::2", RESULT_FAIL, NULL, "-all", NULL },
    { "plain", "192.0.2.7", RESULT_PASS, NULL, "a", NULL },
    { "plain", "192.0.2.1", RESULT_PASS, NULL, "mx", NULL },
    { "plain", "2001:db8::1", RESULT_PASS, NULL, "mx", NULL },
    { "plain", "192.0.2.8", RESULT_FAIL, NULL, "-all", NULL },
    { "nullmx", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
    { "any", "203.0.113.1", RESULT_PASS, NULL, "ip4:0.0.0.0/0", NULL },
    { "any", "2001:db8::9", RESULT_PASS, NULL, "ip6:::/0", NULL },
    { "any4", "203.0.113.1", RESULT_PASS, NULL, "ip4:198.51.100.0/0", NULL },
    { "any4", "2001:db8::9", RESULT_FAIL, NULL, "-all", NULL },
    { "aany", "203.0.113.1", RESULT_PASS, NULL, "a:host.example/0", NULL },
    { "aany", "2001:db8::9", RESULT_FAIL, NULL, "-all", NULL },
    { "aany6", "2001:db8::9", RESULT_PASS, NULL, "mx:plain.example//0", NULL },
    { "aany6", "203.0.113.1", RESULT_FAIL, NULL, "-all", NULL },
    { "anone", "203.0.113.1", RESULT_FAIL, NULL, "-all", NULL },
    { "cidr", "192.0.2.77", RESULT_PASS, NULL, NULL, NULL },
    { "cidr", "192.0.3.77", RESULT_FAIL, NULL, "-all", NULL },
    { "cidr", "2001:db8:ffff::", RESULT_PASS, NULL, NULL, NULL },
    { "cidr", "2001:db9::1", RESULT_FAIL, NULL, "-all", NULL },
    { "mapped", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
    { "helo", "::ffff:192.0.2.1", RESULT_PASS, NULL, "ip4:192.0.2.1", NULL },
    { "odd", "192.0.2.1", RESULT_PASS, NULL, NULL, NULL },
    { "exists", "198.51.100.1", RESULT_PASS, NULL, NULL, NULL },
    { "exists", "2001:db8::5", RESULT_PASS, NULL, NULL, NULL },
    { "exists6", "2001:db8::5", RESULT_FAIL, NULL, "-all", NULL },
    { "fall", "192.0.2.1", RESULT_NEUTRAL, NULL, NULL, NULL },
    { "adead", "192.0.2.1", RESULT_TEMPERROR, "DNS at dead.example: SERVFAIL", NULL, NULL },
    { "later", "192.0.2.1", RESULT_PASS, NULL, "ip4:192.0.2.1", NULL },
    /* A loopback client gets no free ride. */
    { "helo", "127.0.0.1", RESULT_FAIL, NULL, "-all", NULL },
    { "helo", "::1", RESULT_FAIL, NULL, "-all", NULL },
    { "nowhere", "127.0.0.1", RESULT_NONE, "no SPF record", NULL, NULL },
    /* ptr */
    { "ptr", "192.0.2.1", RESULT_PASS, NULL, NULL, NULL },
    { "ptr", "2001:db8::1", RESULT_PASS, NULL, NULL, NULL },
    { "ptr", "192.0.2.3", RESULT_FAIL, NULL, NULL, NULL },
    { "ptrself", "192.0.2.3", RESULT_PASS, NULL, "ptr", NULL },
    { "ptrself", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
    { "ptrself", "192.0.2.4", RESULT_FAIL, NULL, "-all", NULL },
    { "ptrself", "192.0.2.5", RESULT_PASS, NULL, "ptr", NULL },
    { "ptrself", "192.0.2.50", RESULT_FAIL, NULL, "-all", NULL },
    /* include and redirect */
    { "inc", "192.0.2.1", RESULT_FAIL, NULL, "-include:split.example", NULL },
    { "inc", "192.0.2.2", RESULT_SOFTFAIL, NULL, "~all", NULL },
    { "incnone", "192.0.2.1", RESULT_PERMERROR, "text.example has no SPF record", NULL, NULL },
    { "incdead", "192.0.2.1", RESULT_TEMPERROR, "DNS at dead.example: timeout", NULL, NULL },
    { "inctwo", "192.0.2.1", RESULT_PERMERROR, "more than one SPF record at two.example", NULL,
      NULL },
    { "incsyntax", "192.0.2.1", RESULT_PERMERROR,
      "syntax error (bad prefix length) in the record of syntax.example", NULL, NULL },
    { "incbad", "192.0.2.1", RESULT_PERMERROR, "include or redirect to what is not a domain", NULL,
      NULL },
    { "incself", "192.0.2.7", RESULT_PASS, NULL, "include:plain.example", NULL },
    { "redir", "192.0.2.5", RESULT_PASS, NULL, "ip4:192.0.2.5", NULL },
    { "redir", "192.0.2.7", RESULT_PASS, NULL, "a", NULL },
    { "redir", "192.0.2.8", RESULT_FAIL, NULL, "-all", NULL },
    { "redirall", "192.0.2.8", RESULT_FAIL, NULL, "-all", NULL },
    { "redirnone", "192.0.2.8", RESULT_PERMERROR, "text.example has no SPF record", NULL,
      NULL },
    { "redirinc", "192.0.2.7", RESULT_PASS, NULL, "include:redir.example", NULL },
    { "redirinc", "192.0.2.8", RESULT_SOFTFAIL, NULL, "~all", NULL },
    { "loop", "192.0.2.1", RESULT_PERMERROR, "more than 10 terms that ask the DNS", NULL, NULL },
    { "reloop", "192.0.2.1", RESULT_PERMERROR, "more than 10 terms that ask the DNS", NULL, NULL },
    /* around the library's bound */
    { "fits", "192.0.2.1", RESULT_PASS, NULL, "ip4:192.0.2.1", NULL },
    { "expmoo", "192.0.2.1", RESULT_PASS, NULL, "ip4:192.0.2.1", NULL },
    { "expmoo", "192.0.2.2", RESULT_FAIL, NULL, "-all", NULL },
    /* explanations */
    { "exp", "192.0.2.1", RESULT_FAIL, NULL, "-all", "Not from there." },
    { "exptwo", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
    { "expmacro", "192.0.2.1", RESULT_FAIL, NULL, "-all", "192.0.2.1 is bad" },
    { "expname", "192.0.2.1", RESULT_FAIL, NULL, "-all", "Not from there." },
    { "exppercent", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
    { "explong", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
    { "expempty", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
    { "exputf8", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
    { "expall", "192.0.2.1", RESULT_FAIL, NULL, "-all",
      "192.0.2.1 mx.example.org 1700000000 host.example in-addr user@expall.example "
      "expall.example unknown  %20% http://why/?user%40expall.example" },
    { "expall", "2001:db8::2", RESULT_FAIL, NULL, "-all",
      "2001:db8::2 mx.example.org 1700000000 unknown ip6 user@expall.example "
      "expall.example unknown  %20% http://why/?user%40expall.example" },
    { "expredirected", "192.0.2.1", RESULT_FAIL, NULL, "-all", "expwhere.example" },
    { "expcrlf", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
    { "expdead", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
    { "expinc", "192.0.2.1", RESULT_FAIL, NULL, NULL, "Other." },
    { "expredir", "192.0.2.1", RESULT_FAIL, NULL, "-all", "Not from there." },
    /* limits */
    { "ten", "203.0.113.1", RESULT_FAIL, NULL, NULL, NULL },
    { "eleven", "203.0.113.1", RESULT_PERMERROR, "more than 10 terms that ask the DNS", NULL,
      NULL },
    { "deep", "203.0.113.1", RESULT_PERMERROR, "more than 10 terms that ask the DNS", NULL, NULL },
    { "voids2", "203.0.113.1", RESULT_SOFTFAIL, NULL, "~all", NULL },
    { "voids3", "203.0.113.1", RESULT_PERMERROR, "more than 2 void lookups", NULL, NULL },
    { "mx10", "192.0.2.109", RESULT_PASS, NULL, "mx", NULL },
    { "mx10", "203.0.113.1", RESULT_SOFTFAIL, NULL, "~all", NULL },
    { "mx11", "198.51.100.0", RESULT_PERMERROR, "more than 10 MX names at mx11.example", NULL,
      NULL },
    { "manymx", "203.0.113.1", RESULT_PERMERROR, "more than 30 DNS questions", NULL, NULL },
};

/* Never pass, never none, when the library cannot be trusted with it. */
static const struct row library_rows[] = {
    { "macro", "192.0.2.1", RESULT_PERMERROR, "engine", NULL, NULL },
    { "macrored", "192.0.2.1", RESULT_PERMERROR, "engine", NULL, NULL },
    { "percent", "192.0.2.1", RESULT_PERMERROR, "engine", NULL, NULL },
    { "incmacro", "192.0.2.1", RESULT_PERMERROR, "engine", NULL, NULL },
    { "long", "192.0.2.1", RESULT_PERMERROR, "engine", NULL, NULL },
    { "many", "192.0.2.1", RESULT_PERMERROR, "engine", NULL, NULL },
    { "mxodd", "192.0.2.1", RESULT_FAIL, NULL, "-all", NULL },
};

static const struct row native_rows[] = {
    { "macro", "192.0.2.1", RESULT_PASS, NULL, "ip4:192.0.2.1", NULL },
    { "macro", "192.0.2.5", RESULT_PASS, NULL, "exists:%{ir}.example", NULL },
    { "macro", "192.0.2.6", RESULT_FAIL, NULL, "-all", NULL },
    { "macrored", "192.0.2.1", RESULT_PERMERROR, "macrored.example.example has no SPF record", NULL,
      NULL },
    { "percent", "192.0.2.1", RESULT_PASS, NULL, "+all", NULL },
    { "percent", "192.0.2.8", RESULT_SOFTFAIL, NULL, "~a:%%.example", NULL },
    { "incmacro", "192.0.2.1", RESULT_PASS, NULL, "include:macro.example", NULL },
    { "incmacro", "192.0.2.6", RESULT_PASS, NULL, "+all", NULL },
    { "long", "192.0.2.1", RESULT_PASS, NULL, "ip4:192.0.2.1", NULL },
    { "many", "192.0.2.1", RESULT_PASS, NULL, "ip4:192.0.2.1", NULL },
    { "many", "192.0.2.2", RESULT_NEUTRAL, NULL, NULL, NULL },
    { "mxodd", "192.0.2.1", RESULT_PASS, NULL, "mx", NULL },
    { "cidr", "192.0.2.77", RESULT_PASS, NULL, "a:host.example/24//32", NULL },
    { "ptr", "192.0.2.1", RESULT_PASS, NULL, "ptr:host.example", NULL },
    { "ten", "192.0.2.1", RESULT_PASS, NULL, "a:host.example", NULL },
    { "local", "192.0.2.1", RESULT_PASS, NULL, "exists:%{l}.l.example", NULL },
    { "inclocal", "192.0.2.1", RESULT_PASS, NULL, "include:%{l}.inc.example", NULL },
    { "validated", "192.0.2.1", RESULT_PASS, NULL, "exists:%{p}.p.example", NULL },
    { "validated", "192.0.2.4", RESULT_PASS, NULL, "exists:%{p}.p.example", NULL },
    { "validated", "192.0.2.3", RESULT_FAIL, NULL, "-all", NULL },
    { "crowd", "192.0.2.1", RESULT_PERMERROR, "too many addresses", NULL, NULL },
    { "crowd", "198.51.100.1", RESULT_PASS, NULL, "a", NULL },
    { "spaced", "192.0.2.1", RESULT_PASS, NULL, "a:a%_b.example", NULL },
    { "odddead", "192.0.2.1", RESULT_TEMPERROR, "DNS at (odd name): timeout", NULL, NULL },
};

static const struct table {
    const struct spf_engine *only; /* NULL: every engine judges so */
    const struct row *rows;
    size_t count;
} tables[] = {
    { NULL, rows, sizeof rows / sizeof rows[0] },
    { &spf_engine_libspf2, library_rows, sizeof library_rows / sizeof library_rows[0] },
    { &spf_engine_native, native_rows, sizeof native_rows / sizeof native_rows[0] },
};

static void each_row(const struct spf_engine *engine,
                     void (*test)(const struct row *row, const struct spf_engine *engine,
                                  void *context),
                     void *context)
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
        for (size_t i = 0; i < tables[t].count; i++)
            if (!tables[t].only || tables[t].only == engine)
                test(&tables[t].rows[i], engine, context);
}

static void each_engine(void (*test)(const struct row *row, const struct spf_engine *engine,
                                     void *context))
{
    for (size_t i = 0; i < ENGINES; i++)
        each_row(engines[i], test, NULL);
}

static void expect_text(const struct row *row, const char *what, const char *wanted,
                        const char *got)
{
    if (!wanted && !got)
        return;
    if (!wanted || !got || strcmp(wanted, got) != 0)
        fail_msg("%s from %s: %s is %s, not %s", row->domain, row->client, what,
                 got ? got : "none", wanted ? wanted : "none");
}

static void expect_row(const struct row *row, const struct run *run)
{
    const struct finding *finding = run->findings.first;
    const struct detail *mechanism = detail(finding, "mechanism");
    char domain[64];

    if (finding->result != row->result)
        fail_msg("%s: %s from %s: %s (%s)", run->engine->name, row->domain, row->client,
                 name_of(result_names, (int)finding->result),
                 finding->reason ? finding->reason : "");
    assert_int_equal(run->identity.result, row->result);
    expect_text(row, "reason", row->reason, finding->reason);
    expect_text(row, "explanation", row->explanation, run->identity.explanation);
    if (row->mechanism)
        expect_text(row, "mechanism", row->mechanism, mechanism ? mechanism->text.data : NULL);
    snprintf(domain, sizeof domain, "%s.example", row->domain);
    assert_string_equal(run->identity.domain, domain);
    assert_true(text_equal(finding_get(finding, "smtp.mailfrom"), text_of(domain)));
    assert_null(finding->next);
}

static void judge_row(const struct row *row, const struct spf_engine *engine, void *context)
{
    char mail_from[64];
    struct run run;

    (void)context;
    snprintf(mail_from, sizeof mail_from, "<user@%s.example>", row->domain);
    run_begin(&run, engine);
    run_check(&run, row->client, "", mail_from);
    expect_row(row, &run);
    run_end(&run);
}

static void judges(void **state)
{
    (void)state;
    each_engine(judge_row);
}

/* What the prefetch asked is what the evaluation asks: it adds nothing, but an
 * explanation; the library has all ptr names looked up, not only those that can
 * match, and an exchange that the library is not shown is asked in vain. */
static void prefetch_row(const struct row *row, const struct spf_engine *engine, void *context)
{
    char mail_from[80];
    unsigned before;
    struct run run;

    (void)context;
    snprintf(mail_from, sizeof mail_from, "<user@%s.example>", row->domain);
    run_begin(&run, engine);
    run_prefetch(&run, row->client, "", mail_from);
    before = questions(&run);
    assert_true(before <= SPF_QUESTIONS_MAX + SPF_POINTERS_MAX);
    run_check(&run, row->client, "", mail_from);
    expect_row(row, &run);
    if (!strstr(row->domain, "exp") && questions(&run) > before &&
        (engine == &spf_engine_native || !strstr(row->domain, "ptr")) &&
        strcmp(row->domain, "validated") != 0)
        fail_msg("%s from %s: %u questions, then %u", row->domain, row->client, before,
                 questions(&run));
    run_end(&run);
}

static void prefetch_asks_it_all(void **state)
{
    (void)state;
    each_engine(prefetch_row);
}

static void prefetch_after_the_message(void **state)
{
    struct run run;

    (void)state;
    run_begin(&run, &spf_engine_native);
    dns_scope_close(run.dns);
    run_prefetch(&run, "192.0.2.1", "helo.example", "<a@manymx.example>");
    assert_int_equal(questions(&run), 0);
    run_end(&run);
}

static void prefetch_asks_about_identities(void **state)
{
    static const struct {
        const char *client, *helo, *mail_from;
        unsigned questions;
    } cases[] = {
        { "192.0.2.1", "helo.example", "<a@split.example>", 2 },
        { "192.0.2.1", "helo.example", "<>", 1 },
        { "192.0.2.1", "helo.example", "<a@[192.0.2.1]>", 1 },
        { "192.0.2.1", "helo.example", "<(a@split.example>", 0 },
        { "192.0.2.1", "helo", "<>", 0 },
        { "192.0.2.1", "[192.0.2.1]", "<a@1.2.3.4>", 0 },
        { "unix", "helo.example", "<a@split.example>", 0 },
        { "192.0.2.6", "", "<user@macro.example>", 2 },
        { "192.0.2.6", "", "<user@local.example>", 2 },
        { "192.0.2.6", "", "<\303\274@local.example>", 1 },
        { "192.0.2.1", "", "<user@validated.example>", 4 }, /* PTR and two names */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct run run;

        run_begin(&run, &spf_engine_native);
        run_prefetch(&run, cases[i].client, cases[i].helo, cases[i].mail_from);
        if (questions(&run) != cases[i].questions)
            fail_msg("%s, %s: %u questions", cases[i].helo, cases[i].mail_from, questions(&run));
        run_end(&run);
    }
}

static void counts(void **state)
{
    static const struct {
        const char *domain;
        int lookups, voids;
        unsigned questions; /* at most */
    } cases[] = {
        { "helo", 0, 0, 1 },    { "ten", 10, 0, 2 },   { "eleven", 11, 0, 3 },
        { "deep", 11, 0, 5 },   { "voids2", 2, 2, 3 }, { "voids3", 4, 3, 5 },
        { "mx10", 1, 0, 12 },   { "mx11", 1, 0, 2 },   { "manymx", 3, 0, 30 },
        { "loop", 11, 0, 2 },
    };

    (void)state;
    for (size_t i = 0; i < ENGINES * sizeof cases / sizeof cases[0]; i++) {
        size_t c = i / ENGINES;
        char mail_from[64];
        struct run run;

        snprintf(mail_from, sizeof mail_from, "<user@%s.example>", cases[c].domain);
        run_begin(&run, engines[i % ENGINES]);
        run_check(&run, "203.0.113.1", "", mail_from);
        assert_int_equal(detail(run.findings.first, "lookups")->number, cases[c].lookups);
        assert_int_equal(detail(run.findings.first, "voids")->number, cases[c].voids);
        assert_int_equal(questions(&run), cases[c].questions);
        run_end(&run);
    }
}

static void identities(void **state)
{
    static const struct {
        const char *helo, *mail_from;
        enum result result;  /* of the MAIL FROM identity */
        const char *domain;  /* of it */
        const char *findings; /* one word each */
    } cases[] = {
        { "helo.example", "<a@split.example>", RESULT_PASS, "split.example",
          "pass/smtp.mailfrom=split.example pass/smtp.helo=helo.example" },
        { "text.example", "<a@split.example>", RESULT_PASS, "split.example",
          "pass/smtp.mailfrom=split.example" },
        { "HELO.Example.", "<>", RESULT_PASS, "helo.example",
          "pass/smtp.helo=helo.example" },
        { "text.example", "<>", RESULT_NONE, "text.example",
          "none/smtp.helo=text.example" },
        { "", "<>", RESULT_NONE, "", "none" },
        { "localhost", "<>", RESULT_NONE, "", "none" },
        { "[192.0.2.1]", "<>", RESULT_NONE, "", "none" },
        { "192.0.2.1", "<>", RESULT_NONE, "", "none" },
        { "x; spf=pass smtp.mailfrom=a", "<>", RESULT_NONE, "", "none" },
        { "a(b.example", "<a@helo.example>", RESULT_PASS, "helo.example",
          "pass/smtp.mailfrom=helo.example" },
        /* HELO lends a MAIL FROM nothing, and a malformed one silences it. */
        { "helo.example", "<a@nowhere.example>", RESULT_NONE, "nowhere.example",
          "none/smtp.mailfrom=nowhere.example pass/smtp.helo=helo.example" },
        { "helo.example", "<(any@split.example>", RESULT_NONE, "", "none" },
        { "helo.example", "<any@split.example(a.helo.example>", RESULT_NONE, "", "none" },
        { "helo.example", "<any@split.example'@text.example>", RESULT_NONE, "", "none" },
        { "text.example", "<@helo.example,@b.test:u@split.example>", RESULT_PASS,
          "split.example", "pass/smtp.mailfrom=split.example" },
        { "helo.example", "<postmaster>", RESULT_NONE, "",
          "none pass/smtp.helo=helo.example" },
        { "helo.example", "<a@[192.0.2.1]>", RESULT_NONE, "",
          "none pass/smtp.helo=helo.example" },
        { "", "<a@test>", RESULT_NONE, "test", "none/smtp.mailfrom=test" },
        { "", "<a@1.2.3.4>", RESULT_NONE, "1.2.3.4", "none/smtp.mailfrom=1.2.3.4" },
    };

    (void)state;
    for (size_t j = 0; j < ENGINES * sizeof cases / sizeof cases[0]; j++) {
        size_t i = j / ENGINES;
        char got[512] = "";
        struct run run;

        run_begin(&run, engines[j % ENGINES]);
        run_check(&run, "192.0.2.1", cases[i].helo, cases[i].mail_from);
        for (const struct finding *f = run.findings.first; f; f = f->next) {
            size_t len = strlen(got);

            snprintf(got + len, sizeof got - len, "%s%s%s", len ? " " : "",
                     name_of(result_names, (int)f->result), f->properties ? "/" : "");
            len = strlen(got);
            if (f->properties)
                snprintf(got + len, sizeof got - len, "%s=%.*s", f->properties->name,
                         TEXT_ARGS(f->properties->value));
        }
        if (strcmp(got, cases[i].findings) != 0)
            fail_msg("%s, %s: %s", cases[i].helo, cases[i].mail_from, got);
        assert_int_equal(run.identity.result, cases[i].result);
        assert_string_equal(run.identity.domain, cases[i].domain);
        run_end(&run);
    }
}

/* What the sender and HELO do to macros. */
static void senders(void **state)
{
    static const struct {
        const char *helo, *mail_from;
        enum result result;
        const char *explanation;
    } cases[] = {
        { "", "<user@local.example>", RESULT_PASS, NULL },
        { "", "<USER@local.example>", RESULT_PASS, NULL },
        { "", "<other@local.example>", RESULT_FAIL, NULL },
        { "", "<@local.example>", RESULT_FAIL, NULL },
        { "", "<a..b@local.example>", RESULT_FAIL, NULL },
        { "", "<user @local.example>", RESULT_FAIL, NULL },
        { "", "<\"us\\er\"@local.example>", RESULT_FAIL, NULL },
        /* RFC 8616: terms that name such a local part match nothing. */
        { "", "<\303\274@local.example>", RESULT_FAIL, NULL },
        { "", "<\303\274@upper.example>", RESULT_FAIL, NULL },
        { "", "<\303\274@inclocal.example>", RESULT_NEUTRAL, NULL },
        { "", "<\303\274@redlocal.example>", RESULT_PERMERROR, NULL },
        { "", "<user@redlocal.example>", RESULT_PASS, NULL },
        { "", "<\303\274@domainonly.example>", RESULT_PASS, NULL },
        { "", "<\303\274@expsender.example>", RESULT_FAIL, NULL },
        { "", "<\303\274@expescaped.example>", RESULT_FAIL, "%C3%BC%40expescaped.example" },
        { "", "<u@b\303\274cher.expu.example>", RESULT_FAIL, "xn--bcher-kva.expu.example" },
        /* the null sender is postmaster@HELO */
        { "expsender.example", "<>", RESULT_FAIL, "postmaster@expsender.example" },
        { "", "<@expsender.example>", RESULT_FAIL, "postmaster@expsender.example" },
        /* %{h} */
        { "Helo.Example", "<u@exphelo.example>", RESULT_FAIL, "helo.example" },
        { "box", "<u@exphelo.example>", RESULT_FAIL, "box" },
        { "[192.0.2.1]", "<u@exphelo.example>", RESULT_FAIL, "[192.0.2.1]" },
        { "a b;\"", "<u@exphelo.example>", RESULT_FAIL, "a b;\"" },
        { "a\001b", "<u@exphelo.example>", RESULT_FAIL, "unknown" },
        { "\303\274(", "<u@exphelo.example>", RESULT_FAIL, "unknown" },
        { "", "<u@exphelo.example>", RESULT_FAIL, "unknown" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *got;
        struct run run;

        run_begin(&run, &spf_engine_native);
        run_check(&run, "192.0.2.9", cases[i].helo, cases[i].mail_from);
        got = run.identity.explanation;
        if (run.identity.result != cases[i].result ||
            (got != cases[i].explanation && (!got || !cases[i].explanation ||
                                             strcmp(got, cases[i].explanation) != 0)))
            fail_msg("%s, %s: %s (%s)", cases[i].helo, cases[i].mail_from,
                     name_of(result_names, (int)run.identity.result), got ? got : "");
        run_end(&run);
    }
}

/* Nobody asks for an explanation that nobody will see. */
static void explains_on_demand(void **state)
{
    static const struct {
        const char *domain, *client;
        bool explain;
        unsigned questions;
    } cases[] = {
        { "exp.example", "192.0.2.1", true, 2 },
        { "exp.example", "192.0.2.1", false, 1 },
        { "expnot.example", "192.0.2.1", true, 1 },
        { "expinc.example", "192.0.2.1", true, 3 },
    };

    (void)state;
    for (size_t i = 0; i < ENGINES * sizeof cases / sizeof cases[0]; i++) {
        size_t c = i / ENGINES;
        struct path path = { .kind = PATH_ADDRESS, .local_part = TEXT("a") };
        struct spf_params params;
        struct run run;

        memcpy(path.domain, cases[c].domain, strlen(cases[c].domain) + 1);
        run_begin(&run, engines[i % ENGINES]);
        params = params_of(&run, cases[c].client, "", &path);
        params.explain = cases[c].explain;
        check_spf(&run.findings, &params, &run.identity);
        spf_identity_explain(&run.identity);
        assert_int_equal(questions(&run), cases[c].questions);
        run_end(&run);
    }
    /* nor for that of HELO beside MAIL FROM */
    for (size_t i = 0; i < ENGINES; i++) {
        struct run run;

        run_begin(&run, engines[i]);
        run_check(&run, "192.0.2.1", "exp.example", "<a@two.example>");
        assert_int_equal(run.findings.first->next->result, RESULT_FAIL);
        assert_int_equal(questions(&run), 2);
        run_end(&run);
    }
}

static void trails(void **state)
{
    static const struct {
        const char *domain, *client, *trail;
    } cases[] = {
        { "helo", "192.0.2.1", NULL },
        { "incself", "192.0.2.7", "include:plain.example > a" },
        { "redirinc", "192.0.2.7",
          "include:redir.example > redirect=plain.example > a" },
        { "redirinc", "192.0.2.8", NULL },
        { "redir", "192.0.2.8", "redirect=plain.example > -all" },
        { "nested", "192.0.2.7",
          "?include:redirinc.example > include:redir.example > redirect=plain.example > a" },
        { "loop", "192.0.2.7", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct detail *trail;
        char mail_from[64];
        struct run run;

        snprintf(mail_from, sizeof mail_from, "<user@%s.example>", cases[i].domain);
        run_begin(&run, &spf_engine_native);
        run_check(&run, cases[i].client, "", mail_from);
        trail = detail(run.findings.first, "trail");
        assert_int_equal(trail != NULL, cases[i].trail != NULL);
        if (trail)
            assert_string_equal(trail->text.data, cases[i].trail);
        run_end(&run);
    }
}

static void no_client_address(void **state)
{
    struct run run;

    (void)state;
    run_begin(&run, &spf_engine_native);
    run_check(&run, "unix", "helo.example", "<a@split.example>");
    assert_int_equal(run.identity.result, RESULT_NONE);
    assert_int_equal(questions(&run), 0);
    run_end(&run);
}

static void question_limit_is_permerror(void **state)
{
    struct dns_scope_limits none = { .questions_max = 0 };
    struct run run;

    (void)state;
    run_begin(&run, &spf_engine_native);
    dns_scope_unref(run.dns);
    run.dns = dns_scope_new(resolver, &none);
    run_check(&run, "192.0.2.1", "", "<a@split.example>");
    assert_int_equal(run.identity.result, RESULT_PERMERROR);
    run_end(&run);
}

static void judge_quietly(const struct row *row, const struct spf_engine *engine, void *context)
{
    char mail_from[80];
    int *wrong = context;
    struct run run;

    snprintf(mail_from, sizeof mail_from, "<user@%s.example>", row->domain);
    run_begin(&run, engine);
    run_prefetch(&run, row->client, "helo.example", mail_from);
    run_check(&run, row->client, "helo.example", mail_from);
    if (run.identity.result != row->result)
        *wrong += 1;
    run_end(&run);
}

static void *judge_in_thread(void *arg)
{
    for (size_t i = 0; i < ENGINES; i++)
        each_row(engines[i], judge_quietly, arg);
    return NULL;
}

static void judges_in_threads(void **state)
{
    pthread_t threads[4];
    int wrong[4] = { 0 };

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, judge_in_thread, &wrong[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

static void engines_have_names(void **state)
{
    (void)state;
    assert_ptr_equal(spf_engine_named("libspf2"), &spf_engine_libspf2);
    assert_ptr_equal(spf_engine_named("native"), &spf_engine_native);
    assert_null(spf_engine_named("moo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges),
        cmocka_unit_test(prefetch_asks_it_all),
        cmocka_unit_test(prefetch_after_the_message),
        cmocka_unit_test(prefetch_asks_about_identities),
        cmocka_unit_test(counts),
        cmocka_unit_test(identities),
        cmocka_unit_test(senders),
        cmocka_unit_test(explains_on_demand),
        cmocka_unit_test(trails),
        cmocka_unit_test(no_client_address),
        cmocka_unit_test(question_limit_is_permerror),
        cmocka_unit_test(judges_in_threads),
        cmocka_unit_test(engines_have_names),
    };

    return cmocka_run_group_tests(tests, open_zone, close_zone);
}

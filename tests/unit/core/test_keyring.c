/* Unit tests of the keyring: which rule signs for whom, which files are good
 * enough, what a reload keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/glob.h"
#include "core/keyring.h"
#include "../../lib/region_fixture.h"

enum { NAME_SIZE = 512, TEXT_SIZE = 65536 };

static char folder[] = "/tmp/vidimus-keyring-XXXXXX";
static char reported[TEXT_SIZE];

static void take_report(void *context, const char *text)
{
    (void)context;
    snprintf(reported + strlen(reported), TEXT_SIZE - strlen(reported), "%s\n", text);
}

static const char *path_of(const char *name)
{
    static char path[NAME_SIZE];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text(const char *name, const char *text, mode_t mode)
{
    FILE *file;

    unlink(path_of(name)); /* always another file */
    file = fopen(path_of(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path_of(name), mode), 0);
}

/* PEM of one key of each kind, made once. */
static struct {
    char *rsa, *other, *shorter, *curve;
} pem;

static char *new_pem(enum key_type type, unsigned bits)
{
    struct crypt_signer *signer = crypt_signer_generate(type, bits);
    char *text = signer ? crypt_signer_pem(signer) : NULL;

    crypt_signer_unref(signer);
    return text;
}

/* The configuration that FORMAT writes. */
__attribute__((format(printf, 1, 0)))
static struct config *config_of(const char *format, va_list args)
{
    char text[8192];
    struct config *config;

    vsnprintf(text, sizeof text, format, args);
    write_text("c", text, 0600);
    reported[0] = '\0';
    config = config_read(path_of("c"), take_report, NULL);
    if (!config)
        print_error("%s", reported);
    assert_non_null(config);
    return config;
}

__attribute__((format(printf, 2, 3)))
static struct keyring *keyring_of(const struct keyring *before, const char *format, ...)
{
    struct config *config;
    struct keyring *keyring;
    va_list args;

    va_start(args, format);
    config = config_of(format, args);
    va_end(args);
    reported[0] = '\0';
    keyring = keyring_new(config, before, take_report, NULL);
    config_unref(config);
    assert_non_null(keyring);
    return keyring;
}

static bool told(const char *what)
{
    return strstr(reported, what) != NULL;
}

static void assert_told(const char *what)
{
    if (!told(what))
        print_error("wanted: %s\nreported: %s\n", what, reported);
    assert_true(told(what));
}

/* ---- which rule */

static void globs(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        { "", "", true },       { "", "a", false },      { "*", "", true },
        { "*", "abc", true },   { "a*", "abc", true },   { "a*", "ba", false },
        { "*c", "abc", true },  { "*c", "abcd", false }, { "A*c", "aBC", true },
        { "a*b*c", "a1b2c", true }, { "a*b*c", "a1c2b", false }, { "**", "x", true },
        { "*ab", "aab", true }, { "*ab*ab", "ab", false }, { "a?c", "abc", false },
        { "a.c", "abc", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (glob_matches(text_of(rows[i].pattern), text_of(rows[i].text)) != rows[i].matches)
            fail_msg("%s on %s", rows[i].pattern, rows[i].text);
}

static const char *pattern_for(const struct keyring *keyring, const char *local,
                               const char *domain)
{
    const struct sign_rule *rule = keyring_rule(keyring, text_of(local), domain);

    return rule ? rule->pattern : "none";
}

static void the_most_specific_pattern_counts(void **state)
{
    static const struct {
        const char *domain, *pattern;
    } rows[] = {
        { "a.example", "a.example" },      { "b.a.example", "b.a.example" },
        { "c.a.example", ".a.example" },   { "c.b.a.example", ".b.a.example" },
        { "d.c.b.a.example", ".b.a.example" }, { "ba.example", ".example" },
        { "example", "none" },             { "a.example.org", "none" },
        { "org", "none" },
    };
    struct keyring *keyring;

    (void)state;
    write_text("keys", "a.example s /k\n.a.example s /k\n.example s /k domain=%\n.b.a.example s /k\n"
                       "b.a.example s /k\n", 0600);
    keyring = keyring_of(NULL, "key-table = \"%s\"\n", path_of("keys"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(pattern_for(keyring, "u", rows[i].domain), rows[i].pattern);
    keyring_free(keyring);
    keyring = keyring_of(NULL, "key-table = \"%s\"\nsign \"*\" { key \"s\" { file = \"/k\" } }\n",
                         path_of("keys"));
    assert_string_equal(pattern_for(keyring, "u", "org"), "*");
    assert_string_equal(pattern_for(keyring, "", "x.example"), ".example");
    keyring_free(keyring);
}

static const char opendkim_table[] = "news@a.example s2\n"
                                     "*@a.example s1\n"
                                     "*@*.a.example s3\n"
                                     "adm*@b.example s1\n"
                                     "*c.example s2\n"
                                     "boss@* s3\n"
                                     "*@sub.a.example s2\n";

static struct keyring *opendkim_keyring(const char *more)
{
    char keys[NAME_SIZE];

    write_text("st", opendkim_table, 0600);
    write_text("kt", "s1 %:s1:/k\ns2 %:s2:/k\ns3 esp.example:s3:/k\n", 0600);
    snprintf(keys, sizeof keys, "%s", path_of("kt"));
    return keyring_of(NULL,
                      "opendkim-key-table = \"%s\"\n"
                      "opendkim-signing-table = \"refile:%s\"\n%s",
                      keys, path_of("st"), more);
}

static void opendkim_rules_are_tried_in_their_order(void **state)
{
    static const struct {
        const char *local, *domain, *pattern;
    } rows[] = {
        { "news", "a.example", "news@a.example" },  { "NEWS", "a.example", "news@a.example" },
        { "new", "a.example", "*@a.example" },      { "", "a.example", "*@a.example" },
        { "boss", "a.example", "*@a.example" },     { "u", "sub.a.example", "*@*.a.example" },
        { "u", "x.y.a.example", "*@*.a.example" },  { "admin", "b.example", "adm*@b.example" },
        { "u", "b.example", "none" },               { "boss", "b.example", "boss@*" },
        { "u", "abc.example", "*c.example" },       { "u", "other.org", "none" },
    };
    struct keyring *keyring = opendkim_keyring("");
    char local[400];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(pattern_for(keyring, rows[i].local, rows[i].domain), rows[i].pattern);
    memset(local, 'a', sizeof local - 1);
    local[sizeof local - 1] = '\0';
    assert_string_equal(pattern_for(keyring, local, "a.example"), "*@a.example");
    keyring_free(keyring);
    /* What a section says comes before all of them. */
    keyring = opendkim_keyring("sign \".a.example\" { key \"s\" { file = \"/k\" } }\n"
                               "sign \"other.org\" { key \"s\" { file = \"/k\" } }\n");
    assert_string_equal(pattern_for(keyring, "u", "sub.a.example"), ".a.example");
    assert_string_equal(pattern_for(keyring, "u", "other.org"), "other.org");
    assert_string_equal(pattern_for(keyring, "u", "a.example"), "*@a.example");
    keyring_free(keyring);
    keyring = opendkim_keyring("sign \"*\" { key \"s\" { file = \"/k\" } }\n");
    assert_string_equal(pattern_for(keyring, "news", "a.example"), "*");
    keyring_free(keyring);
}

static void every_match_with_multiple_signatures(void **state)
{
    const struct sign_rule *rules[SIGNERS_MAX];
    struct keyring *keyring = opendkim_keyring("");

    (void)state;
    assert_int_equal(keyring_rules(keyring, TEXT("boss"), "sub.a.example", rules), 1);
    keyring_free(keyring);
    keyring = opendkim_keyring("opendkim-multiple-signatures = true\n");
    assert_int_equal(keyring_rules(keyring, TEXT("boss"), "sub.a.example", rules), 3);
    assert_string_equal(rules[0]->pattern, "*@*.a.example");
    assert_string_equal(rules[1]->pattern, "boss@*");
    assert_string_equal(rules[2]->pattern, "*@sub.a.example");
    assert_int_equal(keyring_rules(keyring, TEXT("u"), "none.org", rules), 0);
    keyring_free(keyring);
}

static void no_more_rules_than_there_is_room_for(void **state)
{
    const struct sign_rule *rules[SIGNERS_MAX];
    char signing[1024] = "";
    struct keyring *keyring;

    (void)state;
    for (int i = 20; i > 0; i--) /* tails in another order than the lines */
        snprintf(signing + strlen(signing), 64, "%.*s*@a.example s1\n", i % 2 ? 0 : 1, "u");
    for (int i = 0; i < 10; i++)
        snprintf(signing + strlen(signing), 64, "*%.*s s1\n", i, &"m.example"[9 - i]);
    write_text("many", signing, 0600);
    write_text("kt", "s1 %:s1:/k\n", 0600);
    keyring = keyring_of(NULL, "opendkim-key-table = \"%s/kt\"\nopendkim-signing-table = "
                         "\"refile:%s/many\"\nopendkim-multiple-signatures = true\n", folder,
                         folder);
    assert_int_equal(keyring_rules(keyring, TEXT("u"), "m.example", rules), SIGNERS_MAX);
    for (size_t i = 1; i < SIGNERS_MAX; i++)
        assert_true(rules[i - 1] < rules[i]);
    keyring_free(keyring);
}

static void ten_thousand_rules(void **state)
{
    FILE *file = fopen(path_of("keys"), "w");
    struct keyring *keyring;
    char domain[64];

    (void)state;
    assert_non_null(file);
    for (int i = 0; i < 10000; i++)
        fprintf(file, "d%d.example s %s/rsa\n", i, folder);
    assert_int_equal(fclose(file), 0);
    keyring = keyring_of(NULL, "key-table = \"%s\"\n", path_of("keys"));
    assert_string_equal(reported, "");
    for (int i = 0; i < 10000; i++) {
        snprintf(domain, sizeof domain, "d%d.example", i);
        assert_string_equal(pattern_for(keyring, "u", domain), domain);
    }
    assert_ptr_equal(keyring_entry(keyring, 0)->key, keyring_entry(keyring, 9999)->key);
    keyring_free(keyring);
}

/* ---- signers */

static void only_active_keys_sign(void **state)
{
    struct keyring *keyring =
        keyring_of(NULL,
                   "sign \"a.example\" {\n"
                   " key \"s1\" { file = \"%s/rsa\" state = \"publish\" }\n"
                   " key \"s2\" { file = \"%s/curve\" }\n"
                   " key \"s3\" { file = \"%s/none\" }\n"
                   " key \"s4\" { file = \"%s/rsa\" state = \"retired\" }\n"
                   " key \"s5\" { file = \"%s/other\" domain = \"esp.example\" } }\n"
                   "sign \"*\" { key \"s6\" { file = \"%s/rsa\" } }\n"
                   "sign \".b.example\" { key \"s7\" { file = \"%s/rsa\" }\n"
                   " key \"s8\" { file = \"%s/rsa\" domain = \"%%\" } }\n",
                   folder, folder, folder, folder, folder, folder, folder, folder);
    struct signer signers[SIGNERS_MAX];

    (void)state;
    assert_int_equal(keyring_signers(keyring, keyring_rule(keyring, TEXT(""), "a.example"),
                                     "a.example", signers), 2);
    assert_string_equal(signers[0].selector, "s2");
    assert_string_equal(signers[0].domain, "a.example");
    assert_int_equal(crypt_signer_type(signers[0].key), KEY_ED25519);
    assert_string_equal(signers[1].selector, "s5");
    assert_string_equal(signers[1].domain, "esp.example");
    assert_int_equal(crypt_signer_type(signers[1].key), KEY_RSA);
    assert_int_equal(keyring_signers(keyring, keyring_rule(keyring, TEXT(""), "x.org"), "x.org",
                                     signers), 1);
    assert_string_equal(signers[0].domain, "x.org");
    assert_int_equal(keyring_signers(keyring, keyring_rule(keyring, TEXT(""), "x.b.example"),
                                     "x.b.example", signers), 2);
    assert_string_equal(signers[0].domain, "b.example");
    assert_string_equal(signers[1].domain, "x.b.example");
    assert_int_equal(keyring_count(keyring), 8);
    assert_told(":4: key s3: ");
    keyring_free(keyring);
}

static void identities(void **state)
{
    static const struct {
        const char *identity, *author, *domain, *wanted;
    } rows[] = {
        { "", "a.example", "a.example", NULL },
        { "@%", "a.example", "a.example", "@a.example" },
        { "u@%", "b.a.example", "a.example", "u@b.a.example" },
        { "@A.example.", "a.example", "a.example", "@a.example" },
        { "%@mail.%", "a.example", "a.example", "a.example@mail.a.example" },
        { "@%", "a.example", "esp.example", NULL },
        { "@a.example", "a.example", "b.a.example", NULL },
        { "@a..example", "a.example", "a.example", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct sign_rule rule = { .identity = rows[i].identity };
        const struct signer signer = { NULL, rows[i].domain, "s" };
        const char *identity = keyring_identity(region, &rule, &signer, rows[i].author);

        if (rows[i].wanted) {
            assert_non_null(identity);
            assert_string_equal(identity, rows[i].wanted);
        } else {
            assert_null(identity);
        }
    }
}

static const char *sealer_for(const struct keyring *keyring, const char *domain)
{
    struct signer signer;

    return keyring_sealer(keyring, domain, &signer) ? signer.selector : "none";
}

static void the_sealer_is_the_recipients_or_the_first(void **state)
{
    struct keyring *keyring =
        keyring_of(NULL,
                   "seal { all = true\n"
                   " key \"e\" { file = \"%s/curve\" domain = \"a.example\" }\n"
                   " key \"p\" { file = \"%s/rsa\" domain = \"a.example\" state = \"publish\" }\n"
                   " key \"a\" { file = \"%s/rsa\" domain = \"a.example\" }\n"
                   " key \"b\" { file = \"%s/rsa\" domain = \"b.example\" } }\n",
                   folder, folder, folder, folder);

    (void)state;
    assert_told(":2: key e: ");
    assert_told("is of Ed25519, and ARC knows RSA alone");
    assert_string_equal(sealer_for(keyring, "a.example"), "a");
    assert_string_equal(sealer_for(keyring, "x.b.example"), "b");
    assert_string_equal(sealer_for(keyring, "c.example"), "a");
    assert_string_equal(sealer_for(keyring, ""), "a");
    assert_int_equal(keyring_count(keyring), 4);
    assert_null(keyring_entry(keyring, 0)->rule);
    keyring_free(keyring);
    keyring = keyring_of(NULL, "sign \"a.example\" { key \"a\" { file = \"%s/rsa\" } }\n", folder);
    assert_string_equal(sealer_for(keyring, ""), "none");
    keyring_free(keyring);
}

static void fields_that_are_never_signed_are_told(void **state)
{
    struct keyring *keyring =
        keyring_of(NULL,
                   "sign \"a.example\" { more-fields = {\"List-Id\", \"Received\"}\n"
                   " key \"s\" { file = \"%s/rsa\" } }\n"
                   "seal { all = true fields = {\"From\", \"ARC-Seal\"}\n"
                   " key \"s\" { file = \"%s/rsa\" domain = \"a.example\" } }\n",
                   folder, folder);

    (void)state;
    assert_told("c:2: sign more-fields: Received is never signed");
    assert_told("c:4: seal fields: ARC-Seal is never signed");
    assert_false(told("List-Id"));
    assert_false(told("From"));
    keyring_free(keyring);
}

/* ---- files */

static struct keyring *with_file(const struct keyring *before, const char *name)
{
    return keyring_of(before, "sign \"a.example\" { key \"s\" { file = \"%s\" } }\n",
                      path_of(name));
}

static void assert_loaded(const char *name)
{
    struct keyring *keyring = with_file(NULL, name);

    assert_string_equal(reported, "");
    assert_non_null(keyring_entry(keyring, 0)->key);
    keyring_free(keyring);
}

static void assert_unloaded(const char *name, const char *why)
{
    struct keyring *keyring = with_file(NULL, name);
    char place[NAME_SIZE];

    assert_null(keyring_entry(keyring, 0)->key);
    keyring_free(keyring);
    snprintf(place, sizeof place, "%s/c:1: key s: %s/%s ", folder, folder, name);
    assert_told(place);
    assert_told(why);
}

static void files_that_hold_a_key(void **state)
{
    (void)state;
    assert_loaded("rsa");
    assert_loaded("curve");
    write_text("group", pem.rsa, 0640);
    assert_loaded("group");
    write_text("readonly", pem.rsa, 0400);
    assert_loaded("readonly");
    unlink(path_of("link"));
    assert_int_equal(symlink("rsa", path_of("link")), 0);
    assert_loaded("link");
}

static void files_that_others_can_read(void **state)
{
    (void)state;
    write_text("open", pem.rsa, 0644);
    assert_unloaded("open", " 0644) is open to every account on this host: chmod 0640");
    write_text("open", pem.rsa, 0602);
    assert_unloaded("open", " 0602) is open to every account");
    write_text("open", pem.rsa, 0660);
    assert_unloaded("open", " 0660) can be changed by its group: chmod 0640");
    unlink(path_of("link"));
    assert_int_equal(symlink("open", path_of("link")), 0);
    assert_unloaded("link", " 0660) can be changed by its group");
    if (geteuid() != 0)
        return;
    write_text("open", pem.rsa, 0600);
    assert_int_equal(chown(path_of("open"), 54321, 0), 0);
    assert_unloaded("open", "(54321:root 0600) belongs to somebody else");
}

static void files_that_hold_none(void **state)
{
    static char big[40000];

    (void)state;
    assert_unloaded("missing", "cannot be opened: No such file or directory");
    assert_unloaded(".", "is not a regular file");
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_unloaded("fifo", "is not a regular file"); /* nobody writes to it */
    write_text("text", "hello\n", 0600);
    assert_unloaded("text", "is not in PEM form");
    write_text("text", "", 0600);
    assert_unloaded("text", "text ");
    memset(big, 'a', sizeof big - 1);
    write_text("text", big, 0600);
    assert_unloaded("text", "has more than 32768 octets: not a key");
    assert_unloaded("shorter", "has 1024 bits, and sign-min-rsa-bits is 2048");
}

static void short_keys_by_permission(void **state)
{
    struct keyring *keyring =
        keyring_of(NULL,
                   "sign-min-rsa-bits = 1024\n"
                   "sign \"a.example\" { key \"s\" { file = \"%s/shorter\" } }\n",
                   folder);

    (void)state;
    assert_non_null(keyring_entry(keyring, 0)->key);
    keyring_free(keyring);
}

static void credentials_of_systemd(void **state)
{
    struct keyring *keyring;

    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    keyring = keyring_of(NULL, "sign \"a.example\" { key \"s\" { file = \"credential:rsa\" } }\n");
    assert_null(keyring_entry(keyring, 0)->key);
    assert_told("key s: credential:rsa is a credential of systemd, and there is no $CREDENTIALS_");
    keyring_free(keyring);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    keyring = keyring_of(NULL, "sign \"a.example\" { key \"s\" { file = \"credential:rsa\" } }\n");
    assert_string_equal(reported, "");
    assert_non_null(keyring_entry(keyring, 0)->key);
    keyring_free(keyring);
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void a_bad_key_does_not_stop_the_others(void **state)
{
    struct keyring *keyring =
        keyring_of(NULL,
                   "sign \"a.example\" { key \"s\" { file = \"%s/none\" } }\n"
                   "sign \"b.example\" { key \"s\" { file = \"%s/rsa\" } }\n"
                   "sign \"c.example\" { key \"s\" { file = \"%s/none\" } }\n",
                   folder, folder, folder);

    (void)state;
    assert_null(keyring_entry(keyring, 0)->key);
    assert_non_null(keyring_entry(keyring, 1)->key);
    assert_null(keyring_entry(keyring, 2)->key);
    assert_told(" (2 keys of the configuration name this file)");
    assert_ptr_equal(strstr(strstr(reported, "key s: ") + 1, "key s: "), NULL); /* once */
    keyring_free(keyring);
}

static void one_key_in_two_files_is_one(void **state)
{
    struct keyring *keyring;

    (void)state;
    write_text("copy", pem.rsa, 0600);
    keyring = keyring_of(NULL,
                         "sign \"a.example\" { key \"s\" { file = \"%s/rsa\" }\n"
                         " key \"t\" { file = \"%s/copy\" } key \"u\" { file = \"%s/other\" } }\n",
                         folder, folder, folder);
    assert_ptr_equal(keyring_entry(keyring, 0)->key, keyring_entry(keyring, 1)->key);
    assert_ptr_not_equal(keyring_entry(keyring, 0)->key, keyring_entry(keyring, 2)->key);
    keyring_free(keyring);
}

/* ---- reload */

static void what_did_not_change_is_not_read_again(void **state)
{
    struct keyring *before = with_file(NULL, "rsa");
    struct keyring *after = with_file(before, "rsa");
    const struct crypt_signer *key = keyring_entry(after, 0)->key;

    (void)state;
    assert_string_equal(reported, "");
    assert_ptr_equal(key, keyring_entry(before, 0)->key);
    keyring_free(before);
    assert_int_equal(crypt_signer_bits(key), 2048); /* it outlives the first */
    keyring_free(after);
}

static void a_changed_file_is_read(void **state)
{
    struct keyring *before, *after;

    (void)state;
    write_text("key", pem.rsa, 0600);
    before = with_file(NULL, "key");
    write_text("key", pem.curve, 0600);
    after = with_file(before, "key");
    assert_string_equal(reported, "");
    assert_int_equal(crypt_signer_type(keyring_entry(before, 0)->key), KEY_RSA);
    assert_int_equal(crypt_signer_type(keyring_entry(after, 0)->key), KEY_ED25519);
    keyring_free(before);
    keyring_free(after);
}

/* Whatever happened to the file: missing, open to others, not a key any more. */
static void a_loaded_key_is_kept(void **state)
{
    struct keyring *first, *second, *third;
    const struct crypt_signer *key;

    (void)state;
    write_text("key", pem.rsa, 0600);
    first = with_file(NULL, "key");
    key = keyring_entry(first, 0)->key;
    unlink(path_of("key"));
    second = with_file(first, "key");
    keyring_free(first);
    assert_ptr_equal(keyring_entry(second, 0)->key, key);
    assert_told("cannot be opened: No such file or directory; make it (vidimus keygen), or mend "
                "the path; the key that was loaded before is kept");
    write_text("key", "half a k", 0600);
    third = with_file(second, "key");
    keyring_free(second);
    assert_ptr_equal(keyring_entry(third, 0)->key, key);
    assert_told("is not in PEM form: a private key in PEM, without passphrase, is wanted (vidimus "
                "keygen makes one); the key that was loaded before is kept");
    write_text("key", pem.other, 0644);
    second = with_file(third, "key");
    keyring_free(third);
    assert_ptr_equal(keyring_entry(second, 0)->key, key);
    assert_told("is open to every account");
    write_text("key", pem.other, 0600);
    third = with_file(second, "key");
    keyring_free(second);
    assert_string_equal(reported, "");
    assert_non_null(keyring_entry(third, 0)->key);
    assert_ptr_not_equal(keyring_entry(third, 0)->key, key);
    keyring_free(third);
}

static void a_kept_key_must_be_long_enough(void **state)
{
    struct keyring *before =
        keyring_of(NULL,
                   "sign-min-rsa-bits = 1024\n"
                   "sign \"a.example\" { key \"s\" { file = \"%s\" } }\n",
                   path_of("shorter"));
    struct keyring *after = with_file(before, "shorter");

    (void)state;
    assert_null(keyring_entry(after, 0)->key);
    assert_told("has 1024 bits");
    keyring_free(before);
    keyring_free(after);
}

/* ---- fixture */

static int make_all(void **state)
{
    (void)state;
    pem.rsa = new_pem(KEY_RSA, 2048);
    pem.other = new_pem(KEY_RSA, 2048);
    pem.shorter = new_pem(KEY_RSA, 1024);
    pem.curve = new_pem(KEY_ED25519, 0);
    if (!pem.rsa || !pem.other || !pem.shorter || !pem.curve || !mkdtemp(folder))
        return -1;
    write_text("rsa", pem.rsa, 0600);
    write_text("other", pem.other, 0600);
    write_text("shorter", pem.shorter, 0600);
    write_text("curve", pem.curve, 0600);
    return 0;
}

static int remove_all(void **state)
{
    char command[128];

    (void)state;
    free(pem.rsa);
    free(pem.other);
    free(pem.shorter);
    free(pem.curve);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs),
        cmocka_unit_test(the_most_specific_pattern_counts),
        cmocka_unit_test(opendkim_rules_are_tried_in_their_order),
        cmocka_unit_test(every_match_with_multiple_signatures),
        cmocka_unit_test(no_more_rules_than_there_is_room_for),
        cmocka_unit_test(ten_thousand_rules),
        cmocka_unit_test(only_active_keys_sign),
        cmocka_unit_test_setup_teardown(identities, set_up, tear_down),
        cmocka_unit_test(the_sealer_is_the_recipients_or_the_first),
        cmocka_unit_test(fields_that_are_never_signed_are_told),
        cmocka_unit_test(files_that_hold_a_key),
        cmocka_unit_test(files_that_others_can_read),
        cmocka_unit_test(files_that_hold_none),
        cmocka_unit_test(short_keys_by_permission),
        cmocka_unit_test(credentials_of_systemd),
        cmocka_unit_test(a_bad_key_does_not_stop_the_others),
        cmocka_unit_test(one_key_in_two_files_is_one),
        cmocka_unit_test(what_did_not_change_is_not_read_again),
        cmocka_unit_test(a_changed_file_is_read),
        cmocka_unit_test(a_loaded_key_is_kept),
        cmocka_unit_test(a_kept_key_must_be_long_enough),
    };

    return cmocka_run_group_tests(tests, make_all, remove_all);
}

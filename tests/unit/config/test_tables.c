/* Unit tests of the key tables, ours and OpenDKIM's: what becomes of each line,
 * in which order, and what is refused.  What OpenDKIM's manual leaves open was
 * looked at with opendkim 2.11. */
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

#include "config/config.h"

enum { NAME_SIZE = 512, TEXT_SIZE = 65536 };

static char folder[] = "/tmp/vidimus-tables-XXXXXX";
static char reported[TEXT_SIZE];

static void take_report(void *context, const char *text)
{
    (void)context;
    if (strncmp(text, folder, strlen(folder)) == 0)
        text += strlen(folder) + 1;
    snprintf(reported + strlen(reported), TEXT_SIZE - strlen(reported), "%s\n", text);
}

static const char *path_of(const char *name)
{
    static char path[NAME_SIZE];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* The configuration TEXT, in which %s is the test's folder. */
static struct config *read_config(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct config *read_config(const char *format, ...)
{
    char text[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    write_text("c", text);
    reported[0] = '\0';
    return config_read(path_of("c"), take_report, NULL);
}

/* One line a key: pattern kind, pattern, selector, domain, file, state, i=. */
static const char *rules_of(const struct config *config)
{
    static const char *const kinds[] = { "domain", "below", "any", "address" };
    static char text[TEXT_SIZE];
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < config->sign_rule_count; i++) {
        const struct sign_rule *rule = &config->sign_rules[i];

        for (size_t k = 0; k < rule->key_count; k++) {
            const struct key_source *key = &rule->keys[k];

            used += (size_t)snprintf(text + used, sizeof text - used, "%s %s %s %s %s %s%s%s\n",
                                     kinds[rule->kind], rule->pattern, key->selector, key->domain,
                                     key->file, name_of(key_state_names, (int)key->state),
                                     *rule->identity ? " " : "", rule->identity);
            assert_true(used < sizeof text);
        }
    }
    return text;
}

static void assert_rules(struct config *config, const char *wanted)
{
    if (!config)
        print_error("reported: %s\n", reported);
    assert_non_null(config);
    assert_string_equal(rules_of(config), wanted);
    config_unref(config);
}

static void assert_refused(struct config *config, const char *report)
{
    if (config || !strstr(reported, report))
        print_error("wanted: %s\nreported: %s\n", report, reported);
    assert_null(config);
    assert_non_null(strstr(reported, report));
}

/* ---- our own */

static struct config *read_key_table(const char *table)
{
    write_text("keys", table);
    return read_config("key-table = \"%s/keys\"\n", folder);
}

static void key_table_lines(void **state)
{
    (void)state;
    assert_rules(read_key_table("# keys\n"
                                "\n"
                                "example.org 2026a /k/a.pem\n"
                                "  Example.ORG.\t2026E  credential:e.pem  state=publish # next\r\n"
                                ".example.org b /k/b#1.pem domain=Example.org\n"
                                "* c /k/c.pem state=retired domain=esp.example\n"
                                "b\xc3\xbc" "cher.example d /k/d.pem\n"
                                ".b.example d /k/d.pem\n"
                                ".c.example d /k/d.pem domain=%"),
                 "domain example.org 2026a example.org /k/a.pem active\n"
                 "domain example.org 2026e example.org credential:e.pem publish\n"
                 "below .example.org b example.org /k/b#1.pem active\n"
                 "any * c esp.example /k/c.pem retired\n"
                 "domain xn--bcher-kva.example d xn--bcher-kva.example /k/d.pem active\n"
                 "below .b.example d b.example /k/d.pem active\n"
                 "below .c.example d % /k/d.pem active\n");
    assert_rules(read_key_table(""), "");
    assert_rules(read_key_table("#"), "");
}

/* The defaults of a section are those of a table. */
static void key_table_rules_have_the_defaults(void **state)
{
    struct config *config = read_key_table("a.example a /k\na.example b /k\n");

    (void)state;
    assert_non_null(config);
    assert_int_equal(config->sign_rule_count, 1);
    assert_int_equal(config->sign_section_count, 0);
    assert_int_equal(config->sign_rules[0].header_canon, CANON_RELAXED);
    assert_int_equal(config->sign_rules[0].body_canon, CANON_RELAXED);
    assert_int_equal(config->sign_rules[0].lifetime, 0);
    assert_string_equal(config->sign_rules[0].identity, "");
    assert_non_null(strstr(config->sign_rules[0].keys[1].place, "/keys:2"));
    config_unref(config);
}

static void key_table_errors_name_file_and_line(void **state)
{
    static const struct {
        const char *table, *report;
    } rows[] = {
        { "a.example\n", "keys:1: a line is PATTERN SELECTOR FILE" },
        { "a.example a\n", "keys:1: a line is PATTERN SELECTOR FILE" },
        { "\na.example a k\n", "keys:2: k is not a whole path" },
        { "a.example a /k x\n", "keys:1: x has no meaning here; a line is" },
        { "a.example a /k state=gone\n", "keys:1: state=gone is not one of publish, active" },
        { "a.example a /k domain=a..b\n", "keys:1: domain=a..b is not a domain" },
        { "a.example a_/b /k\n", "keys:1: a_/b is not a selector" },
        { "u@a.example a /k\n", "keys:1: u@a.example is not a pattern; write a domain" },
        { "*.a.example a /k\n", "keys:1: *.a.example is not a pattern" },
        { "a.example a /k\nA.example A /l\n", "keys:2: key a is given twice for this pattern" },
        { "a.example a credential:..\n", "keys:1: credential:.. is not a credential" },
        { "a.example a /k\x01\n", "keys:1: a control octet: this is not a text file" },
    };
    char table[4096] = "";

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(read_key_table(rows[i].table), rows[i].report);
    for (int i = 0; i < 9; i++)
        snprintf(table + strlen(table), 64, "a.example s%d /k\n", i);
    assert_refused(read_key_table(table), "keys:9: key s8 is one key too many: 8 for one pattern");
    memset(table, 'a', 2049);
    table[2049] = '\0';
    assert_refused(read_key_table(table), "keys:1: a line of more than 2048 octets");
    assert_refused(read_config("\nkey-table = \"%s/none\"\n", folder), "c:2: cannot open ");
    assert_refused(read_config("key-table = \"%s\"\n", folder), " is not a file");
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    assert_refused(read_config("key-table = \"%s/fifo\"\n", folder), "fifo is not a file");
}

static void a_section_and_a_table_do_not_share_a_pattern(void **state)
{
    (void)state;
    write_text("keys", "b.example b /k\n\nA.example a /k\n");
    assert_refused(read_config("sign \"a.example\" { key \"a\" { file = \"/k\" } }\n"
                               "key-table = \"%s/keys\"\n", folder),
                   "keys:3: A.example has a sign section already, at ");
    write_text("keys", "b.example b /k\n");
    assert_rules(read_config("sign \"a.example\" { key \"a\" { file = \"/k\" } }\n"
                             "key-table = \"%s/keys\"\n", folder),
                 "domain a.example a a.example /k active\n"
                 "domain b.example b b.example /k active\n");
}

static void a_large_table_is_read(void **state)
{
    FILE *file = fopen(path_of("keys"), "w");
    struct config *config;

    (void)state;
    assert_non_null(file);
    for (int i = 0; i < 20000; i++)
        fprintf(file, "d%d.example s /k\n", i);
    assert_int_equal(fclose(file), 0);
    config = read_config("key-table = \"%s/keys\"\n", folder);
    assert_non_null(config);
    assert_int_equal(config->sign_rule_count, 20000);
    assert_string_equal(config->sign_rules[19999].pattern, "d19999.example");
    config_unref(config);
}

/* ---- OpenDKIM's */

static const char three_keys[] = "n1 one.example:s1:/k/1\n"
                                 "n2 two.example:s2:/k/2 # comment\n"
                                 "n3\t%:s3:/k/3\n";

static struct config *read_tables(const char *keys, const char *kind, const char *signing,
                                  bool multiple)
{
    write_text("kt", keys);
    write_text("st", signing);
    return read_config("opendkim-key-table = \"file:%s/kt\"\n"
                       "opendkim-signing-table = \"%s%s/st\"\n"
                       "opendkim-multiple-signatures = %s\n",
                       folder, kind, folder, multiple ? "true" : "false");
}

static void refile_lines_keep_their_order(void **state)
{
    (void)state;
    assert_rules(read_tables(three_keys, "refile:",
                             "# signing\n"
                             "*@Example.ORG n2:foo@two.example\n"
                             "news-*@*.example.org   n1#comment\n"
                             "u@example.com n3:@%\n"
                             "\n"
                             "*.example.net n3 list@mail.%\n"
                             "*@b\xc3\xbc" "cher.example. n1:\n"
                             "* n1\r\n",
                             false),
                 "address *@example.org s2 two.example /k/2 active foo@two.example\n"
                 "address news-*@*.example.org s1 one.example /k/1 active\n"
                 "address u@example.com s3 % /k/3 active @%\n"
                 "address *.example.net s3 % /k/3 active list@mail.%\n"
                 "address *@xn--bcher-kva.example s1 one.example /k/1 active\n"
                 "address * s1 one.example /k/1 active\n");
}

static void plain_files_are_in_the_order_of_the_search(void **state)
{
    static const char wanted[] = "address u@a.example s1 one.example /k/1 active\n"
                                 "address *@a.example s2 two.example /k/2 active\n"
                                 "address u@*.a.example s1 one.example /k/1 active\n"
                                 "address *@*.a.example s3 % /k/3 active\n"
                                 "address u@*.example s2 two.example /k/2 active\n"
                                 "address *@*.example s1 one.example /k/1 active\n"
                                 "address u@* s3 % /k/3 active\n"
                                 "address *@* s2 two.example /k/2 active\n";
    static const char signing[] = "* n2\nu@* n3\n.example n1\nu@.example n2\n.A.example n3\n"
                                  "u@.a.example n1\na.EXAMPLE n2\nu@a.example n1\n";

    (void)state;
    assert_rules(read_tables(three_keys, "file:", signing, false), wanted);
    assert_rules(read_tables(three_keys, "", signing, false), wanted);
    /* Of two lines with one name the first counts. */
    assert_rules(read_tables(three_keys, "", "a.example n1\nA.example n2\n", true),
                 "address *@a.example s1 one.example /k/1 active\n");
}

static void one_pattern_is_one_rule(void **state)
{
    static const char signing[] = "*@a.example n1\n*@a.example n2\n*@a.example n2\n"
                                  "*@a.example n3:@%\n*@a.example n2:@%\n";

    (void)state;
    assert_rules(read_tables(three_keys, "refile:", signing, false),
                 "address *@a.example s1 one.example /k/1 active\n"
                 "address *@a.example s3 % /k/3 active @%\n");
    assert_rules(read_tables(three_keys, "refile:", signing, true),
                 "address *@a.example s1 one.example /k/1 active\n"
                 "address *@a.example s2 two.example /k/2 active\n"
                 "address *@a.example s3 % /k/3 active @%\n"
                 "address *@a.example s2 two.example /k/2 active @%\n");
}

static void lists_in_the_configuration(void **state)
{
    (void)state;
    assert_rules(read_config("opendkim-key-table = \"csl:n1=one.example:s1:/k/1, n2=%%:s2:/k/2\"\n"
                             "opendkim-signing-table = \"csl:a.example=n2:@%%,*=n1\"\n"),
                 "address *@a.example s2 % /k/2 active @%\n"
                 "address *@* s1 one.example /k/1 active\n");
    assert_refused(read_config("\nopendkim-key-table = \"csl:n1\"\n"
                               "opendkim-signing-table = \"csl:*=n1\"\n"),
                   "c:2: n1 has no value: csl:NAME=VALUE");
    assert_refused(read_config("opendkim-key-table = \"csl:n1=%%:s:/k\"\n"
                               "opendkim-signing-table = \"csl:*=\xff\"\n"),
                   "c:2: opendkim-signing-table: ");
}

static void key_names(void **state)
{
    (void)state;
    /* The first of a name counts; case matters. */
    assert_rules(read_tables("n1 a.example:a:/k\nn1 b.example:b:/k\n", "refile:", "* n1\n", false),
                 "address * a a.example /k active\n");
    assert_refused(read_tables("N1 a.example:a:/k\n", "refile:", "\n* n1\n", false),
                   "st:2: n1 is not in the key table");
    /* Patterns, in their order. */
    write_text("kt", "*.x x.example:x:/k\nn* n.example:n:/k\nn1 a.example:a:/k\n");
    write_text("st", "*@a.example n1\n*@b.example q.x\n");
    assert_rules(read_config("opendkim-key-table = \"refile:%s/kt\"\n"
                             "opendkim-signing-table = \"refile:%s/st\"\n", folder, folder),
                 "address *@a.example n n.example /k active\n"
                 "address *@b.example x x.example /k active\n");
}

/* A key called as the author domain is. */
static void percent_as_the_name_of_a_key(void **state)
{
    static const char keys[] = "b.example %:b:/k/b\nsub.a.example a.example:a:/k/a\n"
                               "other %:c:/k/c\na.example %:a:/k/a\n";

    (void)state;
    assert_rules(read_tables(keys, "refile:", "*@a.example %\n", false),
                 "address *@a.example a % /k/a active\n");
    assert_rules(read_tables(keys, "refile:", "u@*.a.example %:@%\n", false),
                 "address u@sub.a.example a a.example /k/a active @%\n");
    assert_rules(read_tables(keys, "refile:", "* %\n", false),
                 "address *@a.example a % /k/a active\n"
                 "address *@b.example b % /k/b active\n"
                 "address *@other c % /k/c active\n"
                 "address *@sub.a.example a a.example /k/a active\n");
    assert_refused(read_tables(keys, "refile:", "*@c.example %\n", false),
                   "st:1: c.example is not in the key table");
}

static void percent_in_a_path(void **state)
{
    char keys[NAME_SIZE], wanted[4 * NAME_SIZE];

    (void)state;
    assert_rules(read_tables("n %:s:/k/%/s.%.pem\n", "refile:", "*@a.example n\n", false),
                 "address *@a.example s % /k/a.example/s.a.example.pem active\n");
    assert_rules(read_tables("n b.example:s:/k/%.pem\n", "refile:", "* n\n", false),
                 "address * s b.example /k/b.example.pem active\n");
    mkdir(path_of("d"), 0700);
    mkdir(path_of("d/b.example"), 0700);
    mkdir(path_of("d/empty.example"), 0700);
    mkdir(path_of("d/one"), 0700);
    mkdir(path_of("d/a.example"), 0700);
    mkdir(path_of("d/UPPER.example"), 0700);
    mkdir(path_of("d/not a domain"), 0700);
    write_text("d/a.example/key", "");
    write_text("d/b.example/key", "");
    write_text("d/one/key", "");
    write_text("d/UPPER.example/key", "");
    snprintf(keys, sizeof keys, "n %%:s:%s/d/%%/key\n", folder);
    snprintf(wanted, sizeof wanted,
             "address *@a.example s %% %s/d/a.example/key active\n"
             "address *@b.example s %% %s/d/b.example/key active\n", folder, folder);
    assert_rules(read_tables(keys, "refile:", "* n\n", false), wanted);
    assert_rules(read_tables(keys, "refile:", "*@*.a.example n\n", false), "");
    write_text("d/k-c.example.pem", "");
    snprintf(keys, sizeof keys, "n %%:s:%s/d/k-%%.pem\n", folder);
    snprintf(wanted, sizeof wanted, "address u@c.example s %% %s/d/k-c.example.pem active\n",
             folder);
    assert_rules(read_tables(keys, "refile:", "u@* n\n", false), wanted);
    snprintf(keys, sizeof keys, "n %%:s:%s/none/%%/key\n", folder);
    assert_refused(read_tables(keys, "refile:", "* n\n", false),
                   "/none/ cannot be listed (No such");
    assert_refused(read_tables("n %:s:/k/%-%\n", "refile:", "* n\n", false),
                   "has more than one % in a name");
}

static void opendkim_errors_name_file_and_line(void **state)
{
    static const struct {
        const char *keys, *kind, *signing, *report;
    } rows[] = {
        { "\nn1\n", "refile:", "", "kt:2: the line has no value: NAME VALUE" },
        { "n1 a.example\n", "refile:", "", "kt:1: n1 has no DOMAIN:SELECTOR:/FILE" },
        { "n1 a.example:s\n", "refile:", "", "kt:1: n1 has no DOMAIN:SELECTOR:/FILE" },
        { "n1 a b:s:/k\n", "refile:", "", "kt:1: \"a b\" is not a domain" },
        { "n1 %.x:s:/k\n", "refile:", "", "kt:1: %.x is not a domain that d= can be (nor %, the author domain)" },
        { "n1 org:s:/k\n", "refile:", "", "kt:1: org is not a domain that d= can be" },
        { "n1 a.example:%:/k\n", "refile:", "", "kt:1: % is not a selector" },
        { "n1 a.example:s:./k\n", "refile:", "", "kt:1: ./k is not a whole path" },
        { "n1 a.example:s:\n", "refile:", "", "kt:1: n1 has its key in the table" },
        { three_keys, "refile:", "*@a.example\n", "st:1: the line has no value: NAME VALUE" },
        { three_keys, "refile:", "*@a.example :x\n", "st:1: *@a.example names no key" },
        { three_keys, "refile:", "*@a.example nope\n", "st:1: nope is not in the key table" },
        { three_keys, "refile:", "*@a.example n1:a.example\n",
          "st:1: a.example is not an identity" },
        { three_keys, "refile:", "a.example n1\n", "st:1: a.example never matches: in a refile:" },
        { three_keys, "refile:", "*@(a|b).example n1\n", "is not a pattern of addresses; only *" },
        { three_keys, "refile:", "@a.example n1\n", "is not a pattern of addresses" },
        { three_keys, "refile:", "*@a..example n1\n", "is not a pattern of addresses" },
        { three_keys, "file:", "*@a.example n1\n",
          "st:1: *@a.example is a pattern, and in a file:" },
        { three_keys, "file:", "*.example n1\n", "st:1: *.example is a pattern, and in a file:" },
        { three_keys, "file:", "@a.example n1\n", "st:1: @a.example is a pattern" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(read_tables(rows[i].keys, rows[i].kind, rows[i].signing, false),
                       rows[i].report);
}

/* What stands in the table may be a secret. */
static void a_key_in_the_table_is_not_printed(void **state)
{
    (void)state;
    assert_refused(read_tables("n1 a.example:s:MIIEvQIBADANBgkqhkiG9w0\n", "refile:", "", false),
                   "kt:1: n1 has its key in the table, where it does not belong: write it to a "
                   "file");
    assert_null(strstr(reported, "MIIE"));
}

static void the_tables_go_together(void **state)
{
    (void)state;
    assert_refused(read_config("\nopendkim-signing-table = \"csl:*=n1\"\n"),
                   "c:2: opendkim-signing-table names keys of a KeyTable: set opendkim-key-table");
    assert_refused(read_config("opendkim-key-table = \"csl:n1=%%:s:/k\"\n"),
                   "c:1: opendkim-key-table is of no use alone");
    assert_refused(read_config("opendkim-key-table = \"file:%s/none\"\n"
                               "opendkim-signing-table = \"csl:*=n1\"\n", folder),
                   "c:1: cannot open ");
}

static void tables_are_not_printed_as_sections(void **state)
{
    char *first = NULL, *second = NULL;
    size_t size;
    FILE *out = open_memstream(&first, &size);
    struct config *config = read_tables(three_keys, "refile:", "* n1\n", false);

    (void)state;
    assert_non_null(config);
    config_print(config, out);
    fclose(out);
    config_unref(config);
    assert_null(strstr(first, "\nsign "));
    assert_non_null(strstr(first, "/kt\"\n"));
    config = read_config("%s", first);
    assert_non_null(config);
    assert_int_equal(config->sign_rule_count, 1);
    out = open_memstream(&second, &size);
    config_print(config, out);
    fclose(out);
    config_unref(config);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_table_lines),
        cmocka_unit_test(key_table_rules_have_the_defaults),
        cmocka_unit_test(key_table_errors_name_file_and_line),
        cmocka_unit_test(a_section_and_a_table_do_not_share_a_pattern),
        cmocka_unit_test(a_large_table_is_read),
        cmocka_unit_test(refile_lines_keep_their_order),
        cmocka_unit_test(plain_files_are_in_the_order_of_the_search),
        cmocka_unit_test(one_pattern_is_one_rule),
        cmocka_unit_test(lists_in_the_configuration),
        cmocka_unit_test(key_names),
        cmocka_unit_test(percent_as_the_name_of_a_key),
        cmocka_unit_test(percent_in_a_path),
        cmocka_unit_test(opendkim_errors_name_file_and_line),
        cmocka_unit_test(a_key_in_the_table_is_not_printed),
        cmocka_unit_test(the_tables_go_together),
        cmocka_unit_test(tables_are_not_printed_as_sections),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

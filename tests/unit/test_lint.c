/* Every lint: raised by one smallest change of a clean pipeline, listed in docs/lints.md, raised by
 * the seed's own settings, and not by the shipped spec.  `test_lint FILE` writes the document. */
#include "check.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/registry.h"
#include "resources/table.h"
#include "resources/value.h"
#include "spec/lint/lint.h"
#include "spec/lint/lint_path.h"
#include "spec/lint/log_format.h"
#include "spec/manifest.h"

#include <stdlib.h>

/* What the seed's settings raise: domain.md 7.1, as far as a spec can express it. */
static const char *const seed_codes[] = {
    "BL101", "BL102", "BL104", "BL107", "BL108", "BL110",                   /* delivery */
    "BL201", "BL202", "BL203", "BL209",                                     /* access log */
    "BL301", "BL302", "BL303", "BL304", "BL305", "BL306", "BL308", "BL310", /* SQL */
    "BL321", "BL322", "BL324", "BL325", "BL328", "BL401", "BL402",          /* tables */
    "BL501", "BL502", "BL503",                                              /* lifecycle */
    "BL601", "BL602",                                                       /* permissions */
};

/* What AWS refuses, or nothing could be billed with. */
static const char error_codes[] =
    "BL106 BL214 BL215 BL405 BL408 BL409 BL410 BL417 BL418 BL504 BL607 BL610";

static json_t *read_json(const char *path)
{
    json_error_t error;
    json_t *document = json_load_file(path, 0, &error);

    if (!document)
        fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
    return document;
}

static void note(void *codes, const struct lint_finding *finding)
{
    CHECK(!strstr(finding->text, "(null)"));
    CHECK(strncmp(finding->text, finding->lint->title, strlen(finding->lint->title)) == 0);
    CHECK_TEXT(finding->field, finding->lint->field);
    json_object_set_new(codes, finding->lint->code, json_true());
}

/* The base with a case's changes: fields replaced, null removes. */
static json_t *changed(const json_t *base, const json_t *one)
{
    json_t *list = json_array(), *changes;
    json_auto_t *all = json_deep_copy(base);
    const char *id, *field;
    json_t *resource, *value;

    json_object_update(all, json_object_get(one, "add"));
    json_object_foreach(all, id, resource) {
        changes = json_object_get(json_object_get(one, "change"), id);
        json_object_foreach(changes, field, value) {
            if (json_is_null(value))
                json_object_del(json_object_get(resource, "fields"), field);
            else
                json_object_set(json_object_get(resource, "fields"), field, value);
        }
        json_object_set_new(resource, "id", json_string(id));
        json_array_append(list, resource);
    }
    return list;
}

/* The `billing` section of the case at hand; NULL: none. */
static const json_t *billing;

static json_t *codes_of(const json_t *resources)
{
    json_auto_t *facts = json_pack("{s:s, s:s, s:s}", "account", "123456789012", "region",
                                   "ap-northeast-2", "partition", "aws");
    struct lint_subject subject = {.year = 2026, .billing = billing, .facts = facts};
    json_t *codes = json_object(), *resource;
    size_t i;

    json_array_foreach(resources, i, resource)
        lint_subject_add(&subject, json_text(resource, "id"),
                         registry_find(json_text(resource, "kind")),
                         json_object_get(resource, "fields"));
    lint_run(&subject, note, codes);
    lint_subject_fini(&subject);
    return codes;
}

/* A value as it comes back from AWS; new reference. */
static json_t *read_back(const struct kind *kind, const struct field *field, json_t *value)
{
    const struct aws_model *model = aws_model(kind->service);
    const json_t *shape = table_field_shape(kind, field);
    const char *name = json_text(shape, "shape");
    json_auto_t *wire =
        value_to_wire(field, name ? aws_model_shape(model, name) : shape, value, NULL);

    return field->member ? value_from_wire(field, wire) : json_incref(value);
}

/* The documents with every value sent to AWS and read again: as the reconciler has them. */
static json_t *as_read(const json_t *resources)
{
    json_t *list = json_deep_copy(resources), *resource, *value;
    const char *name;
    size_t i;

    json_array_foreach(list, i, resource) {
        const struct kind *kind = registry_find(json_text(resource, "kind"));
        json_t *fields = json_object();

        json_object_foreach(json_object_get(resource, "fields"), name, value) {
            const struct field *field = kind_field(kind, name);

            json_object_set_new(fields, name,
                                field ? read_back(kind, field, value) : json_incref(value));
        }
        json_object_set_new(resource, "fields", fields);
    }
    return list;
}

/* A lint does not care whether a value was wished or read. */
static void check_read(const json_t *resources, const json_t *want)
{
    json_auto_t *list = as_read(resources), *have = codes_of(list);

    if (!json_equal(have, want)) {
        cleanup_free char *raised = json_canonical(have), *wanted = json_canonical(want);

        fprintf(stderr, "read from AWS: raised %s, not %s\n", raised, wanted);
    }
    CHECK(json_equal(have, want));
}

static void check_case(const json_t *base, const json_t *one, json_t *seen)
{
    json_auto_t *resources = changed(base, one), *have = NULL, *want = json_object();
    const json_t *code;
    size_t i;

    billing = json_object_get(one, "billing");
    have = codes_of(resources);
    json_array_foreach(json_object_get(one, "codes"), i, code) {
        json_object_set_new(want, json_string_value(code), json_true());
        json_object_set_new(seen, json_string_value(code), json_true());
    }
    if (!json_equal(have, want)) {
        cleanup_free char *text = json_dumps(one, JSON_COMPACT), *raised = json_canonical(have);

        fprintf(stderr, "case %s\n  raised %s\n", text, raised);
    }
    CHECK(json_equal(have, want));
    check_read(resources, want);
    billing = NULL;
}

static void test_cases(void)
{
    json_auto_t *document = read_json("tests/specs/lints.json"), *seen = json_object();
    const json_t *base = json_object_get(document, "base"), *one;
    json_auto_t *clean = changed(base, NULL), *none = codes_of(clean);
    const struct lint *lint;
    size_t i;

    CHECK_INT(json_object_size(none), 0);
    json_array_foreach(json_object_get(document, "cases"), i, one)
        check_case(base, one, seen);
    for (i = 0; (lint = lint_at(i)); i++) {
        if (!json_object_get(seen, lint->code))
            fprintf(stderr, "%s has no case\n", lint->code);
        CHECK(json_object_get(seen, lint->code) != NULL);
    }
}

/* A lint is about a kind that there is, or about SQL, and about a field of it. */
static void check_field(const struct lint *lint)
{
    const struct kind *kind = lint->kind ? registry_find(lint->kind) : NULL;
    size_t of = 0;

    if (lint->kind) {
        CHECK(kind && (kind_field(kind, lint->field) || !strncmp(lint->field, "billing.", 8)));
        return;
    }
    for (size_t i = 0; registry_kinds[i]; i++) {
        const struct field *field = kind_field(registry_kinds[i], lint->field);

        of += field && field->type == FIELD_SQL;
    }
    CHECK(of > 0);
}

/* A copy of list in which a field of one resource is another value; NULL: none at all. */
static json_t *with_field(const json_t *list, size_t index, const char *field, json_t *value)
{
    json_t *copy = json_deep_copy(list);
    json_t *fields = json_object_get(json_array_get(copy, index), "fields");

    if (value)
        json_object_set(fields, field, value);
    else
        json_object_del(fields, field);
    return copy;
}

/* The lints over a field that is the place'th of these values, or not there at all. */
static void spoil_field(const json_t *list, size_t index, const char *field, size_t place)
{
    json_auto_t *values = json_pack("[n, i, [n, {}], {s:n}]", 1, "x");
    json_auto_t *spoiled = with_field(list, index, field, json_array_get(values, place));

    json_decref(codes_of(spoiled));
}

enum { WAYS = 5 };

/* What was read may lack anything, or be of another form: a lint then has nothing to say of it.
 * Each field in every way; those of resources that a case leaves as they are in one way after the
 * other, from case to case. */
static void spoil(const json_t *list, const json_t *one, size_t number)
{
    const json_t *change = json_object_get(one, "change"), *add = json_object_get(one, "add");
    json_t *resource, *ignored;
    const char *field;
    size_t i;

    json_array_foreach(list, i, resource) {
        const char *id = json_text(resource, "id");
        bool every = !one || json_object_get(change, id) || json_object_get(add, id);

        json_object_foreach(json_object_get(resource, "fields"), field, ignored) {
            if (!every)
                spoil_field(list, i, field, number++ % WAYS);
            for (size_t place = 0; every && place < WAYS; place++)
                spoil_field(list, i, field, place);
        }
    }
}

static void test_missing(void)
{
    json_auto_t *document = read_json("tests/specs/lints.json");
    const json_t *base = json_object_get(document, "base"), *one;
    json_auto_t *clean = changed(base, NULL);
    size_t i;

    spoil(clean, NULL, 0);
    json_array_foreach(json_object_get(document, "cases"), i, one) {
        json_auto_t *list = changed(base, one);

        billing = json_object_get(one, "billing");
        spoil(list, one, i);
    }
}

static void test_table(void)
{
    const struct lint *lint, *last = NULL;

    for (size_t i = 0; (lint = lint_at(i)); i++) {
        CHECK(strlen(lint->code) == 5 && strncmp(lint->code, "BL", 2) == 0);
        if (last && strcmp(last->code, lint->code) == 0) /* of another kind */
            CHECK(!strcmp(last->title, lint->title) && !strcmp(last->cost, lint->cost) &&
                  !strcmp(last->remedy, lint->remedy) &&
                  (strcmp(last->kind, lint->kind) != 0 || strcmp(last->field, lint->field) != 0));
        else
            CHECK(!last || strcmp(last->code, lint->code) < 0);
        CHECK(lint->title && lint->cost && lint->remedy && lint->field && lint->find);
        CHECK(lint->is_error == (strstr(error_codes, lint->code) != NULL));
        check_field(lint);
        last = lint;
    }
    CHECK(last != NULL);
}

/* What lints, status and billing read of a kind that plays a part (kind.h). */
static void test_parts(void)
{
    static const struct {
        enum kind_part part;
        const char *fields[6];
    } parts[] = {
        {PART_FORWARDER, {"log_group", "destination"}},
        {PART_DELIVERY,
         {"bucket", "prefix", "error_prefix", "error_log_group", "error_log_stream"}},
        {PART_LOG_STREAM, {"name", "log_group"}},
        {PART_TABLE, {"database", "name", "location", "serde"}},
        {PART_VIEW, {"database", "name", "sql"}},
        {PART_QUERIES, {"results"}},
    };
    size_t played = 0;

    for (size_t k = 0; registry_kinds[k]; k++)
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            if (registry_kinds[k]->part != parts[i].part)
                continue;
            played++;
            for (size_t f = 0; parts[i].fields[f]; f++)
                CHECK(kind_field(registry_kinds[k], parts[i].fields[f]) != NULL);
        }
    CHECK(played >= sizeof parts / sizeof *parts);
}

static void add_cell(struct str *s, const char *text)
{
    str_add(s, " ");
    for (; *text; text++) {
        if (*text == '|' || *text == '<' || *text == '*')
            str_add_char(s, '\\');
        str_add_char(s, *text);
    }
    str_add(s, " |");
}

/* The keys of the access log that the view reads, for who writes a format of his own. */
static void add_keys(struct str *s)
{
    static const char *const uses[] = {"calls are counted by it", "billed", "prices look at it",
                                       "shown"};

    str_add(s,
            "\n## Keys of the access log\n\nWhat the shipped view (`specs/sql/view.sql`) reads of "
            "a line, and what becomes of a bill without it.\n\n"
            "| Key | Use | From | Without it |\n|---|---|---|---|\n");
    for (const struct log_key *key = log_key_table; key->name; key++) {
        str_addf(s, "| `%s`%s%s%s | %s | `%s` |", key->name, key->other ? ", else `" : "",
                 key->other ? key->other : "", key->other ? "`" : "", uses[key->use], key->from);
        add_cell(s, key->loss);
        str_add(s, "\n");
    }
}

static void add_row(struct str *s, const struct lint *lint)
{
    cleanup_free char *title = mem_printf("%s%s", lint->title, lint->is_error ? " (error)" : "");

    str_addf(s, "| %s |", lint->code);
    add_cell(s, title);
    add_cell(s, lint->cost);
    add_cell(s, lint->remedy);
    str_add(s, "\n");
}

static char *document(void)
{
    static const char *const topics[] = {"Delivery", "Access log", "SQL",
                                         "Tables",   "Storage",    "Permissions"};
    struct str s = {0};
    const struct lint *lint;
    char topic = 0;

    str_add(
        &s,
        "# Lints\n\nKnown ways to lose or miscount money that a spec, or what lies in AWS, can "
        "contain. "
        "`billingd check` tells each with its place;\nthey are warnings, but errors where AWS "
        "refuses it or nothing could be billed. `plan`, `status` and the\ndaemon's log note at its "
        "resource (`lint BL502 live`) what the same rules find in what was read and not in the "
        "spec: rules,\nstatements and parameters of others. What could not be read is not judged. "
        "This page is made from the tables in\n`lib/spec/lint/lint_*.c` and `log_key.c`, and "
        "compared with them by `test_lint`.\n");
    for (size_t i = 0; (lint = lint_at(i)); i++) {
        if (i && !strcmp(lint_at(i - 1)->code, lint->code))
            continue;
        if (lint->code[2] != topic) {
            topic = lint->code[2];
            str_addf(
                &s,
                "\n## %s\n\n| Code | What is wrong | What it costs | Remedy |\n|---|---|---|---|\n",
                topics[topic - '1']);
        }
        add_row(&s, lint);
    }
    add_keys(&s);
    return str_take(&s);
}

static char *read_text(const char *path)
{
    struct str s = {0};
    char buffer[4096];
    FILE *in = fopen(path, "r");
    size_t n;

    while (in && (n = fread(buffer, 1, sizeof buffer, in)) > 0)
        str_add_n(&s, buffer, n);
    if (in)
        fclose(in);
    return str_take(&s);
}

static void test_document(void)
{
    cleanup_free char *want = document(), *have = read_text("docs/lints.md");

    CHECK(strcmp(have, want) == 0); /* else: test_lint docs/lints.md */
}

static size_t count_code(const struct problems *problems, const char *code)
{
    size_t count = 0;

    for (size_t i = 0; i < problems->count; i++)
        count += strcmp(problems->items[i].code, code) == 0;
    return count;
}

static void test_shipped_spec(void)
{
    struct problems problems = {0};
    struct manifest *manifest = manifest_load("billing.yaml", &problems);

    CHECK(manifest != NULL);
    for (size_t i = 0; i < problems.count; i++)
        CHECK_TEXT(problems.items[i].code, "");
    if (!manifest || problems.errors)
        problems_print(&problems, stderr, false);
    manifest_free(manifest);
    problems_fini(&problems);
}

/* What a line of the format holds when the variable prints the value, as the view reads it. */
struct printed {
    const char *variable, *value;
};

static const char *print_one(void *arg, const struct log_variable *variable)
{
    const struct printed *printed = arg;

    return log_line_is(variable, printed->variable) ? printed->value
                                                    : log_line_ordinary(NULL, variable);
}

static json_t *members_of(const char *format, const char *variable, const char *value, bool *whole)
{
    struct printed printed = {variable, value};
    cleanup_free char *line = log_line_render(format, print_one, &printed);
    size_t end;

    *whole = log_line_is_whole(line);
    return log_line_read(line, &end, NULL);
}

/* Whatever a caller puts into the path: all that is billed stands before it. */
static void test_hostile_lines(void)
{
    cleanup_free char *format = read_text("specs/log-format.json");
    cleanup_free char *large = mem_new(100001);
    const char *const broken[] = {"a\"b",    "a\\",   "a\nb",   "a\tb",
                                  "\\u00zz", "a\xff", "\"}\"x", "\\ud800\""};
    const char *const kept[] = {"-", "%", "%00%22", "\\u0000", "a\\\"b", "\",\"sub\":\"x", large};
    bool whole;

    memset(large, 'a', 100000);
    large[100000] = '\0';
    for (size_t i = 0; i < sizeof broken / sizeof *broken + sizeof kept / sizeof *kept; i++) {
        bool breaks = i < sizeof broken / sizeof *broken;
        const char *value = breaks ? broken[i] : kept[i - sizeof broken / sizeof *broken];
        json_auto_t *members = members_of(format, "path", value, &whole);

        CHECK_INT(whole, !breaks);
        CHECK_TEXT(json_text(members, "requestId"), "bWEt8hvtIE0EJBA=");
        CHECK_TEXT(json_text(members, "sub"), "5f0c7a3e-0001-4000-8000-000000000001");
        CHECK_TEXT(json_text(members, "responseLength"), "1234");
        CHECK_TEXT(json_text(members, "username"), "ann");
    }
}

/* An unquoted "-" is mended, alone. */
static void test_unquoted(void)
{
    static const char format[] = "{\"a\":$context.a,\"b\": $context.b,\"c\":[1,{}],\"d\":true}";
    bool whole;
    json_auto_t *dash = members_of(format, "b", "-", &whole), *word, *number;

    CHECK(!whole); /* $context.a prints a word */
    json_decref(dash);
    dash = members_of("{\"a\":$context.a,\"b\":2}", "a", "-", &whole);
    CHECK(whole && json_is_null(json_object_get(dash, "a")));
    CHECK_TEXT(json_text(dash, "b"), "2");
    word = members_of("{\"a\":$context.a,\"b\":2}", "a", "12ab", &whole);
    CHECK(!whole);
    CHECK_INT(json_object_size(word), 0);
    number = members_of(" {\"a\": $context.a ,\"b\":true, \"c\":[1,{}]}\n", "a",
                        "12345678901234567890123", &whole);
    CHECK(whole);
    CHECK_TEXT(json_text(number, "a"), "12345678901234567890123");
    CHECK_TEXT(json_text(number, "b"), "true");
}

/* The view reads the keys of the table, and no other; the shipped line gives them all. */
static void test_view_keys(void)
{
    cleanup_free char *sql = read_text("specs/sql/view.sql");
    cleanup_free char *format = read_text("specs/log-format.json");
    json_auto_t *sources = log_format_sources(format), *read = json_object();
    const char *name;
    json_t *ignored;

    for (const char *at = sql; (at = strstr(at, "'$."));) {
        cleanup_free char *key = mem_text_n(at + 3, strcspn(at + 3, "'"));

        json_object_set_new(read, key, json_true());
        at += 3;
    }
    json_object_foreach(read, name, ignored) {
        if (!log_key_find(name))
            fprintf(stderr, "the view reads %s\n", name);
        CHECK(log_key_find(name) != NULL);
    }
    for (const struct log_key *key = log_key_table; key->name; key++) {
        CHECK(json_object_get(read, key->name) != NULL);
        CHECK(!key->other || json_object_get(read, key->other));
        CHECK(log_format_gives(&(struct lint_subject){0}, sources, key));
        CHECK(!log_format_mistakes(sources, key->name));
    }
}

/* Where a lint points: its own file and line, cost and remedy with it. */
static void check_told(const struct problem *problem)
{
    CHECK(problem->line > 0 && problem->column > 0);
    CHECK(problem->cost && problem->remedy && problem->path);
    CHECK(strncmp(problem->file, "tests/specs/seed/", 17) == 0);
}

static void test_seed_spec(void)
{
    struct problems problems = {0};
    struct manifest *manifest = manifest_load("tests/specs/seed/billing.yaml", &problems);
    const size_t count = sizeof seed_codes / sizeof *seed_codes;
    size_t raised = 0;

    CHECK(manifest != NULL);
    if (!manifest)
        problems_print(&problems, stderr, false);
    for (size_t i = 0; i < count; i++) {
        if (!count_code(&problems, seed_codes[i]))
            fprintf(stderr, "the seed does not raise %s\n", seed_codes[i]);
        CHECK(count_code(&problems, seed_codes[i]) > 0);
    }
    for (size_t i = 0; i < problems.count; i++) {
        bool listed = !*problems.items[i].code;

        for (size_t k = 0; k < count; k++)
            listed |= strcmp(seed_codes[k], problems.items[i].code) == 0;
        if (!listed)
            fprintf(stderr, "%s is not listed\n", problems.items[i].code);
        CHECK(listed);
        if (*problems.items[i].code) {
            check_told(&problems.items[i]);
            raised++;
        }
    }
    CHECK(raised >= count);
    manifest_free(manifest);
    problems_fini(&problems);
}

/* The prose of the seed has another error prefix than its .env: the one AWS refuses. */
static void test_seed_prose(void)
{
    struct problems problems = {0};

    CHECK(manifest_load("tests/specs/seed/prose.yaml", &problems) == NULL);
    CHECK_INT(count_code(&problems, "BL106"), 1);
    CHECK_INT(count_code(&problems, "BL107"), 0);
    CHECK_INT(problems.errors, 1);
    problems_fini(&problems);
}

/* The tree of many pipelines' places says what holding each against each says. */
static void test_places_of_many(void)
{
    static const char *const uses[] = {"stream", "error",   "table",  "results",
                                       "state",  "archive", "folder", "numbers"};
    static const char *const paths[] = {"a/",     "a/x/",    "a/x/y/", "a/xy/",
                                        "a/x/er", "a/x/err", "b/x/y/", "a/x/y/z",
                                        "a/e",    "ab/x/y/", "b/"};
    enum { USES = sizeof uses / sizeof *uses, PATHS = sizeof paths / sizeof *paths, MANY = 60 };

    for (unsigned round = 0; round < 300; round++) {
        json_auto_t *others = json_object(), *all = json_array();
        json_t *each;
        unsigned random = 12345 + round;
        size_t i;

        for (unsigned n = 0; n < MANY; n++) {
            json_auto_t *own = json_array();
            bool mixed = false;

            random = random * 1103515245 + 12345;
            json_array_append_new(own, json_pack("{s:s, s:s, s:s, s:o}", "path",
                                                 paths[(random >> 8) % PATHS], "use",
                                                 uses[(random >> 16) % USES], "what", "x",
                                                 "pipeline", json_sprintf("p%u", n)));
            json_array_foreach(all, i, each)
                mixed |= lint_path_mixed(json_array_get(own, 0), each);
            CHECK((lint_path_mixed_in(others, json_array_get(own, 0)) != NULL) == mixed);
            lint_path_remember(others, own);
            json_array_extend(all, own);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        cleanup_free char *text = document();
        FILE *out = fopen(argv[1], "w");

        return !out || fputs(text, out) < 0 || fclose(out) != 0;
    }
    clock_freeze(1774000000000); /* March 2026 */
    test_table();
    test_parts();
    test_cases();
    test_missing();
    test_document();
    test_view_keys();
    test_hostile_lines();
    test_unquoted();
    test_shipped_spec();
    test_seed_spec();
    test_seed_prose();
    test_places_of_many();
    return check_done();
}

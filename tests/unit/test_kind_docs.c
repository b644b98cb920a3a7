/* docs/kinds.md says what the kinds' tables say.  `test_kind_docs FILE` writes it. */
#include "aws/codec/model.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "resources/kind.h"
#include "resources/members.h"
#include "resources/registry.h"
#include "resources/table.h"

enum { MOST_VALUES = 8 }; /* longer enums are left to AWS's documentation */

static const char *type_text(enum field_type type)
{
    static const char *const texts[] = {
        [FIELD_TEXT] = "text",
        [FIELD_INT] = "whole number",
        [FIELD_NUMBER] = "number",
        [FIELD_BOOL] = "true or false",
        [FIELD_ARN] = "ARN",
        [FIELD_LOCATION] = "s3://bucket/prefix/",
        [FIELD_SQL] = "SQL",
        [FIELD_LOWER] = "lower-case text",
        [FIELD_MAP] = "mapping, by key",
        [FIELD_DOCUMENT] = "mapping of AWS's members",
        [FIELD_LIST] = "list of AWS's structures",
        [FIELD_SET] = "list in any order",
        [FIELD_RULES] = "list of rules, by ID",
        [FIELD_JSON] = "mapping, kept as JSON",
        [FIELD_POLICY] = "policy document",
        [FIELD_STATEMENTS] = "list of policy statements, by Sid",
        [FIELD_COLUMNS] = "columns: name: type",
    };

    return texts[type];
}

/* In a table's cell. */
static void add_text(struct str *s, const char *text)
{
    for (; *text; text++) {
        if (*text == '|' || *text == '<' || *text == '*')
            str_add_char(s, '\\');
        str_add_char(s, *text);
    }
}

static void add_value(struct str *s, const struct kind *kind, const struct field *field)
{
    const struct aws_model *model = aws_model(kind->service);
    const json_t *member = table_field_shape(kind, field);
    const char *name = json_text(member, "shape");
    const json_t *shape = name ? aws_model_shape(model, name) : member;
    const json_t *values = json_object_get(shape, "enum");
    const json_t *least = json_object_get(shape, "min"), *most = json_object_get(shape, "max");
    size_t count = json_array_size(values);

    if (count && count <= MOST_VALUES) {
        for (size_t i = 0; i < count; i++)
            str_addf(s, "%s`%s`", i ? ", " : "", json_string_value(json_array_get(values, i)));
    } else if (field->type == FIELD_INT && least && most &&
               strcmp(json_text(shape, "type"), "string") != 0) {
        str_addf(s, "whole number, %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT,
                 json_integer_value(least), json_integer_value(most));
    } else {
        add_text(s, type_text(field->type));
    }
}

static void add_field(struct str *s, const struct kind *kind, const struct field *field)
{
    static const struct {
        unsigned flag;
        const char *text;
    } notes[] = {
        {FIELD_KEY, "Key."},
        {FIELD_REQUIRED, "Required."},
        {FIELD_FIXED, "Cannot change after creation."},
        {FIELD_OWNER, "Carries the mark `billingd`."},
    };

    str_addf(s, "| `%s` | ", field->name);
    add_value(s, kind, field);
    str_add(s, " | ");
    add_text(s, field->summary ? field->summary : "");
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (field->flags & notes[i].flag)
            str_addf(s, " %s", notes[i].text);
    if (field->otherwise && *field->otherwise)
        str_addf(s, " Default: `%s`.", field->otherwise);
    else if (field->otherwise)
        str_add(s, " Default: empty.");
    str_add(s, " |\n");
}

static void add_kind(struct str *s, const struct kind *kind)
{
    str_addf(s, "\n## %s\n\n%s ", kind->name, kind->summary);
    if (!kind->create)
        str_add(s, "Must exist already. ");
    str_add(s, kind_is_removable(kind) ? "`ensure: absent` deletes it if it carries our mark."
               : kind->holds_data      ? "Never deleted: it holds data."
                                       : "Never deleted.");
    if (kind->absent_harm)
        str_addf(s, " While it is not there: %s (%s).", members_loss_text(kind->absent_loss),
                 kind->absent_harm);
    str_add(s, "\n\n| Field | Value | Meaning |\n|---|---|---|\n");
    for (const struct field *f = kind->fields; f->name; f++)
        if (!(f->flags & FIELD_REPORTED))
            add_field(s, kind, f);
}

static char *document(void)
{
    struct str s = {0};

    str_add(
        &s,
        "# Kinds\n\nWhat a resource of a spec can be, and its fields; [spec.md](spec.md) explains "
        "the language. A field that\nthe spec does not declare and that has no default is left "
        "alone. In a mapping, only the declared keys are compared;\nrules and statements of others "
        "stay. This page is made from the tables in `lib/resources/` and compared with\nthem by "
        "`test_kind_docs`.\n");
    for (size_t i = 0; registry_kinds[i]; i++)
        add_kind(&s, registry_kinds[i]);
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

static void tell_difference(const char *have, const char *want, const char *program)
{
    size_t line = 1;

    for (; *have && *have == *want; have++, want++)
        line += *have == '\n';
    while (line > 1 && have[-1] != '\n')
        have--, want--;
    (void)fprintf(stderr,
                  "docs/kinds.md differs from the tables from line %zu on:\n  it has:    %.*s\n"
                  "  should be: %.*s\nwrite it anew: %s docs/kinds.md\n",
                  line, (int)strcspn(have, "\n"), have, (int)strcspn(want, "\n"), want, program);
}

int main(int argc, char **argv)
{
    cleanup_free char *want = document();

    if (argc == 2) {
        FILE *out = fopen(argv[1], "w");
        int failed = !out || fputs(want, out) < 0 || fclose(out) != 0;

        aws_model_unload();
        return failed;
    }
    cleanup_free char *have = read_text("docs/kinds.md");

    if (strcmp(have, want) != 0)
        tell_difference(have, want, argv[0]);
    CHECK(strcmp(have, want) == 0);
    for (size_t i = 0; registry_kinds[i]; i++)
        for (const struct field *f = registry_kinds[i]->fields; f->name; f++) {
            bool told = (f->flags & FIELD_REPORTED) || (f->summary && *f->summary);

            if (!told)
                (void)fprintf(stderr,
                              "%s: the field %s needs a .summary: one line for the manual\n",
                              registry_kinds[i]->name, f->name);
            CHECK(told);
        }
    aws_model_unload();
    return check_done();
}

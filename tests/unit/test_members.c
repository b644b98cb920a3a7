/* What AWS tells beside the fields: every member of every reply of every kind is known, each that
 * flips is told or ignored with a reason, and drift is judged as the tables say. */
#include "aws/codec/model.h"
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "plan/plan.h"
#include "resources/ignore.h"
#include "resources/members.h"
#include "resources/registry.h"

static json_t *parsed(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    CHECK(value);
    return value;
}

/* ---- every member of every reply ---- */

typedef void leaf_fn(const struct kind *kind, const struct call *read, const char *path);

static void walk(const struct aws_model *model, const char *name, const char *path,
                 const char *seen, const struct kind *kind, const struct call *read, leaf_fn *leaf)
{
    const json_t *shape = aws_model_shape(model, name);
    const char *type = json_text(shape, "type"), *key;
    cleanup_free char *inside = mem_printf("%s %s ", seen, name), *mark = mem_printf(" %s ", name);
    json_t *member;

    if (type && !strcmp(type, "structure") && !strstr(seen, mark) &&
        json_object_size(json_object_get(shape, "members"))) {
        json_object_foreach(json_object_get(shape, "members"), key, member) {
            cleanup_free char *inner = *path ? mem_printf("%s.%s", path, key) : mem_text(key);

            walk(model, json_text(member, "shape"), inner, inside, kind, read, leaf);
        }
    } else if (type && !strcmp(type, "list")) {
        cleanup_free char *inner = mem_printf("%s[]", path);

        walk(model, json_text(json_object_get(shape, "member"), "shape"), inner, inside, kind, read,
             leaf);
    } else {
        leaf(kind, read, path);
    }
}

static void each_leaf(const struct kind *kind, const struct call *read, leaf_fn *leaf)
{
    const struct aws_model *model = aws_model(kind->service);
    struct aws_operation operation;
    const char *output = NULL;

    if (read && aws_model_operation(model, read->op, &operation))
        output = json_text(json_object_get(operation.document, "output"), "shape");
    if (output)
        walk(model, output, "", " ", kind, read, leaf);
}

static void each_read(const struct kind *kind, leaf_fn *leaf)
{
    each_leaf(kind, kind->read, leaf);
    for (const struct field *f = kind->fields; f->name; f++)
        if (f->read != kind->read)
            each_leaf(kind, f->read, leaf);
    for (const struct member *m = kind_member(kind->members); m; m = kind_member(m + 1))
        if (m->read != kind->read)
            each_leaf(kind, m->read, leaf);
}

static unsigned leaves, unclassified;

static void must_be_known(const struct kind *kind, const struct call *read, const char *path)
{
    const struct member *row;

    leaves++;
    if (members_know(kind, read, path, &row))
        return;
    unclassified++;
    (void)fprintf(
        stderr,
        "%s: AWS's reply to %s may tell %s, of which lib/resources/%s.c says nothing: make "
        "it the .member of a field, or add a row to the kind's .members (struct member in "
        "kind.h): does another value change what is delivered or billed?\n",
        kind->name, read->op, path, kind->name);
}

static void test_every_member_is_classified(void)
{
    for (size_t i = 0; registry_kinds[i]; i++)
        each_read(registry_kinds[i], must_be_known);
    CHECK(leaves > 700);
    CHECK_INT(unclassified, 0);
}

/* Ignored is what somebody looked at, by name: not whatever AWS may add.  NULL: nothing is wrong.
 */
static const char *wrong_path(const struct kind *kind, const struct member *m)
{
    const struct call *read = m->read ? m->read : kind->read;
    const char *top = m->path + (m->path[0] == '/'), *last = strrchr(m->path, '.');
    struct aws_operation operation;
    const json_t *document = NULL;

    last = last ? last + 1 : top;
    if (!*top)
        return "names nothing";
    if (m->is == MEMBER_IGNORED && !last[strspn(last, "*[]")])
        return "ignores whatever AWS tells there, also what it adds one day: name the members";
    if (top[0] != '*')
        return NULL;
    if (aws_model_operation(aws_model(kind->service), read->op, &operation))
        document = aws_model_output(&operation, read->take ? read->take : "");
    if (m->path[0] == '/' || !document || strcmp(json_text(document, "type"), "map") != 0)
        return "begins with *, where AWS's model names every member: name them as well";
    return NULL;
}

/* What a row lacks; NULL: nothing. */
static const char *wrong_row(const struct kind *kind, const struct member *m)
{
    if (!m->why || !*m->why)
        return "has no .why: one sentence on what the member does to usage, or why that is nothing";
    if (m->is == MEMBER_IGNORED && (m->loss || m->reset || m->end))
        return "is ignored, and says what it costs or how it ends all the same";
    if (m->is == MEMBER_DRIFT && !m->loss)
        return "is drift and has no loss: what becomes of usage meanwhile?";
    if (m->is == MEMBER_DRIFT && !m->reset == !m->end)
        return "is drift: it needs either .reset (the update ends it) or .end (what a person does)";
    if (m->reset && !kind->update)
        return "has .reset, but the kind has no .update";
    if (m->reset && *m->reset && (!m->usual || !*m->usual))
        return "has .reset, but no .usual value to go back to";
    return wrong_path(kind, m);
}

static void test_paths_name_something(void)
{
    static const struct member all = {"*", MEMBER_IGNORED, .why = "w"},
                               told = {"*", MEMBER_TOLD, .why = "w"},
                               some = {"Log*", MEMBER_IGNORED, .why = "w"},
                               below = {"Parameters.*", MEMBER_IGNORED, .why = "w"},
                               items = {"Rules[]", MEMBER_TOLD, .why = "w"};
    static const struct {
        const struct member *row;
        const char *kind;
        bool good;
    } cases[] = {{&all, "topic", false}, {&told, "topic", true},   {&told, "alarm", false},
                 {&some, "topic", true}, {&below, "topic", false}, {&items, "s3_bucket", true}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(!wrong_path(registry_find(cases[i].kind), cases[i].row), cases[i].good);
}

/* A row says what it must: a reason; an end or a reset where it is drift. */
static void test_rows_are_whole(void)
{
    for (size_t i = 0; registry_kinds[i]; i++)
        for (const struct member *m = kind_member(registry_kinds[i]->members); m;
             m = kind_member(m + 1)) {
            const char *wrong = wrong_row(registry_kinds[i], m);

            if (wrong)
                (void)fprintf(stderr, "%s: the row {\"%s\"} of .members %s\n",
                              registry_kinds[i]->name, m->path, wrong);
            CHECK(!wrong);
        }
}

/* ---- every member that flips ---- */

static unsigned flips, silent;

/* A value that no table calls usual, at the path. */
static json_t *unusual(const char *path)
{
    json_t *document = json_object();

    json_put_at(document, path, json_string("another value"));
    return document;
}

static bool compares(const struct kind *kind, const struct call *read, const char *path)
{
    for (const struct field *f = kind->fields; f->name; f++)
        if (f->member && (f->read ? f->read : kind->read) == read &&
            !strncmp(f->member, path, strlen(f->member)))
            return true;
    return false;
}

/* One member of a document has another value: that is told, or a row says why not, or it is a
 * field's, which are compared. */
static void must_be_noticed(const struct kind *kind, const struct call *read, const char *path)
{
    const struct member *row;
    bool known = members_know(kind, read, path, &row);
    size_t root = read->take ? strlen(read->take) + (read->find ? 2 : 0) : 0;
    const char *inner = root && strlen(path) > root ? path + root + 1 : path;
    json_auto_t *found = json_array(), *desired = json_object();
    json_auto_t *document = NULL;
    struct scope scope = {.kind = kind, .desired = desired};

    if (!known || !row || row->is == MEMBER_IGNORED || row->harms || row->path[0] == '/' ||
        read->lift || compares(kind, read, inner))
        return;
    document = unusual(inner);
    members_judge(&scope, read, document, document, found);
    flips++;
    if (json_array_size(found))
        return;
    silent++;
    (void)fprintf(stderr, "not noticed: %s %s %s\n", kind->name, read->op, path);
}

static void test_flips_are_noticed(void)
{
    for (size_t i = 0; registry_kinds[i]; i++)
        each_read(registry_kinds[i], must_be_noticed);
    CHECK(flips > 80);
    CHECK_INT(silent, 0);
}

/* ---- what is not there ---- */

static void test_each_absence_is_judged(void)
{
    size_t shown_by = 0;

    for (size_t i = 0; registry_kinds[i]; i++) {
        const struct kind *kind = registry_kinds[i];

        if (strcmp(kind->name, "named_query") != 0) /* nothing that is billed rests on it */
            CHECK(kind->absent_loss && kind->absent_harm);
        CHECK(!kind->passed || kind_field(kind, kind->passed));
        shown_by += kind->passed != NULL;
    }
    CHECK_INT(shown_by, 5);
}

/* ---- what is found ---- */

struct look {
    json_t *desired, *document, *facts, *found;
    struct scope scope;
    struct plan plan;
};

static void look(struct look *l, const char *kind, const char *desired, const char *document)
{
    *l = (struct look){.desired = parsed(desired),
                       .document = parsed(document),
                       .facts = json_object(),
                       .found = json_array()};
    l->scope = (struct scope){.kind = registry_find(kind),
                              .desired = l->desired,
                              .observed = l->desired,
                              .document = l->document,
                              .facts = l->facts,
                              .beside = l->found};
    members_judge(&l->scope, l->scope.kind->read, l->document, l->document, l->found);
    plan_make(&l->scope, false, NULL, NULL, &l->plan);
}

static void look_fini(struct look *l)
{
    plan_fini(&l->plan);
    json_decref(l->desired);
    json_decref(l->document);
    json_decref(l->facts);
    json_decref(l->found);
}

/* "member loss, member loss" */
static char *told(const struct look *l)
{
    char *text = mem_text("");
    size_t i;
    json_t *each;

    json_array_foreach(l->found, i, each) {
        char *more = mem_printf("%s%s%s %s", text, i ? ", " : "", json_text(each, "member"),
                                json_text(each, "loss"));

        free(text);
        text = more;
    }
    return text;
}

#define FILTER "{\"log_group\":\"g\",\"name\":\"f\",\"pattern\":\"\"}"

static void test_found(void)
{
    static const struct {
        const char *kind, *desired, *document, *found, *action;
    } cases[] = {
        {"subscription_filter", FILTER, "{\"filterName\":\"f\",\"applyOnTransformedLogs\":false}",
         "", "none"},
        {"subscription_filter", FILTER,
         "{\"filterName\":\"f\",\"fieldSelectionCriteria\":\"@aws.region = 1\","
         "\"applyOnTransformedLogs\":true,\"emitSystemFields\":[\"@aws.account\"]}",
         "fieldSelectionCriteria dropped, applyOnTransformedLogs misread, emitSystemFields misread",
         "update"},
        {"log_group", "{\"name\":\"g\"}",
         "{\"dataProtectionStatus\":\"ACTIVATED\",\"inheritedProperties\":"
         "[\"ACCOUNT_DATA_PROTECTION\"]}",
         "dataProtectionStatus misread, inheritedProperties misread", "none"},
        {"log_group", "{\"name\":\"g\"}", "{\"dataProtectionStatus\":\"DELETED\"}", "", "none"},
        {"log_group", "{\"name\":\"g\"}", "{\"retentionInDays\":30}", "retention_days dropped",
         "none"},
        {"log_group", "{\"name\":\"g\",\"retention_days\":30}", "{\"retentionInDays\":30}", "",
         "none"},
        {"log_group", "{\"name\":\"g\"}", "{\"newWord\":1}", "newWord none", "none"},
        {"delivery_stream", "{\"name\":\"s\"}",
         "{\"DataFormatConversionConfiguration\":{\"SchemaConfiguration\":{\"TableName\":\"t\"}}}",
         "DataFormatConversionConfiguration.Enabled misread", "update"},
        {"delivery_stream", "{\"name\":\"s\"}",
         "{\"DataFormatConversionConfiguration\":{\"Enabled\":false}}", "", "none"},
        {"delivery_stream", "{\"name\":\"s\",\"processors\":[{\"Type\":\"A\"}]}",
         "{\"ProcessingConfiguration\":{\"Processors\":[{\"Type\":\"A\",\"Parameters\":"
         "[{\"ParameterName\":\"Delimiter\",\"ParameterValue\":\"|\"}]}]}}",
         "ProcessingConfiguration.Processors[].Parameters misread", "update"},
        {"delivery_stream", "{\"name\":\"s\",\"processors\":[{\"Type\":\"A\"}]}",
         "{\"ProcessingConfiguration\":{\"Processors\":[{\"Type\":\"A\",\"Parameters\":"
         "[{\"ParameterName\":\"Delimiter\",\"ParameterValue\":\"\\\\n\"}]}]}}",
         "", "none"},
        {"delivery_stream", "{\"name\":\"s\"}",
         "{\"Destinations\":[{\"SplunkDestinationDescription\":{\"HECEndpoint\":\"h\"}}]}",
         "Destinations[].SplunkDestinationDescription dropped", "none"},
        {"glue_table", "{\"database\":\"d\",\"name\":\"t\",\"parameters\":{\"a\":\"1\"}}",
         "{\"Parameters\":{\"a\":\"1\",\"skip.header.line.count\":\"1\",\"EXTERNAL\":\"TRUE\","
         "\"projection.year.interval\":\"2\",\"b\":\"2\"}}",
         "Parameters.skip.header.line.count dropped, Parameters.projection.year.interval dropped, "
         "Parameters.b misread",
         "update"},
        {"glue_table", "{\"database\":\"d\",\"name\":\"t\"}",
         "{\"StorageDescriptor\":{\"SerdeInfo\":{\"Parameters\":{\"mapping.logevents\":\"other\","
         "\"mapping.messagetype\":\"messageType\"}}}}",
         "StorageDescriptor.SerdeInfo.Parameters.mapping.logevents misread", "none"},
        {"workgroup", "{\"name\":\"w\",\"results\":\"s3://b/r/\"}",
         "{\"Configuration\":{\"ManagedQueryResultsConfiguration\":{\"Enabled\":true}}}",
         "Configuration.ManagedQueryResultsConfiguration.Enabled delayed", "update"},
        {"stage_logging", "{\"api_name\":\"a\",\"stage\":\"s\"}", "{\"AutoDeploy\":true}",
         "DeploymentId dropped", "none"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cleanup_free char *text = NULL;
        struct look l;

        look(&l, cases[i].kind, cases[i].desired, cases[i].document);
        text = told(&l);
        CHECK_TEXT(text, cases[i].found);
        CHECK_TEXT(plan_action_name(l.plan.action), cases[i].action);
        look_fini(&l);
    }
}

/* ---- the way back ---- */

static void test_reset(void)
{
    static const struct {
        const char *kind, *desired, *document, *path, *value;
    } cases[] = {
        {"delivery_stream", "{\"name\":\"s\",\"version\":\"1\",\"destination_id\":\"d\"}",
         "{\"DataFormatConversionConfiguration\":{\"Enabled\":true}}",
         "ExtendedS3DestinationUpdate.DataFormatConversionConfiguration.Enabled", "false"},
        {"glue_table", "{\"database\":\"d\",\"name\":\"t\"}",
         "{\"StorageDescriptor\":{\"NumberOfBuckets\":4}}",
         "TableInput.StorageDescriptor.NumberOfBuckets", "0"},
        {"workgroup", "{\"name\":\"w\",\"results\":\"s3://b/r/\"}",
         "{\"Configuration\":{\"ManagedQueryResultsConfiguration\":{\"Enabled\":true}}}",
         "ConfigurationUpdates.ManagedQueryResultsConfigurationUpdates.Enabled", "false"},
    };
    struct look l;
    const json_t *parameters;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cleanup_free char *text = NULL;

        look(&l, cases[i].kind, cases[i].desired, cases[i].document);
        CHECK_INT((long long)l.plan.call_count, 1);
        text = json_dumps(json_at(l.plan.calls[0].params, cases[i].path), JSON_ENCODE_ANY);
        CHECK_TEXT(text, cases[i].value);
        look_fini(&l);
    }
    look(&l, "glue_table", "{\"database\":\"d\",\"name\":\"t\"}",
         "{\"Parameters\":{\"skip.header.line.count\":\"1\",\"theirs\":\"1\"}}");
    parameters = json_at(l.plan.calls[0].params, "TableInput.Parameters");
    CHECK_TEXT(json_text(parameters, "skip.header.line.count"), "0");
    CHECK_TEXT(json_text(parameters, "theirs"), "1");
    look_fini(&l);
}

/* ---- what no write can end ---- */

static void test_ruled_by_others(void)
{
    struct look l;
    json_auto_t *observed = parsed("{\"name\":\"g\",\"retention_days\":30}");

    look(&l, "log_group", "{\"name\":\"g\",\"retention_days\":90}",
         "{\"retentionInDays\":30,\"retentionPolicyName\":\"org-30d\"}");
    plan_fini(&l.plan);
    l.scope.observed = observed;
    plan_make(&l.scope, false, NULL, NULL, &l.plan);
    CHECK_TEXT(plan_action_name(l.plan.action), "none");
    CHECK_INT((long long)l.plan.call_count, 0);
    CHECK_INT((long long)json_array_size(l.plan.differences), 1);
    CHECK_TEXT(json_text(json_array_get(l.plan.differences, 0), "loss"), "dropped");
    CHECK(strstr(json_text(json_array_get(l.plan.differences, 0), "stuck"), "org-30d"));
    look_fini(&l);
}

/* A part of a name is a slip, and would be accepted without a word and ignore nothing. */
static void test_ignored_by_whole_names(void)
{
    const struct kind *kind = registry_find("athena_view");
    cleanup_free char *whole = ignore_problem(kind, "Parameters.presto_view");
    cleanup_free char *above = ignore_problem(kind, "PartitionKeys");
    cleanup_free char *part = ignore_problem(kind, "Partition"), *none = ignore_problem(kind, "");

    CHECK(!whole && !above);
    CHECK(part && none);
}

int main(void)
{
    test_ignored_by_whole_names();
    test_every_member_is_classified();
    test_paths_name_something();
    test_rows_are_whole();
    test_each_absence_is_judged();
    test_flips_are_noticed();
    test_found();
    test_reset();
    test_ruled_by_others();
    aws_model_unload();
    return check_done();
}

/* Specs: golden cases of tests/specs, resolved values, positions, and mutations of what we ship.
 *
 * tests/specs/invalid/<case>: billing.yaml and expected.txt, all that is told about it.
 * tests/specs/valid/<case>: billing.yaml and effective.yaml, what it comes to.
 * UPDATE_GOLDEN=1 writes the expected files; read the difference before you keep it. */
#include "aws/codec/model.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "resources/registry.h"
#include "spec/manifest.h"
#include "yaml/yaml.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char *read_text(const char *path)
{
    char *problem = NULL;
    size_t length;
    char *text = yaml_read_bytes(path, &length, &problem);

    free(problem);
    return text;
}

static void write_text(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "w");

    if (!file || fwrite(text, 1, length, file) != length || fclose(file))
        abort();
}

static char *printed(const struct problems *problems)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    problems_print(problems, out, false);
    (void)fclose(out);
    return text;
}

static void compare(const char *path, const char *have)
{
    cleanup_free char *want = NULL;

    if (getenv("UPDATE_GOLDEN"))
        write_text(path, have, strlen(have));
    want = read_text(path);
    check_text(have, want ? want : "", path, 0, "golden file");
}

static void check_invalid(const char *folder)
{
    cleanup_free char *path = mem_printf("%s/billing.yaml", folder);
    cleanup_free char *golden = mem_printf("%s/expected.txt", folder);
    cleanup_free char *have = NULL;
    struct problems problems = {0};
    struct manifest *manifest = manifest_load(path, &problems);

    check_report(!manifest && problems.errors > 0, path, 0, "is refused");
    have = printed(&problems);
    compare(golden, have);
    manifest_free(manifest);
    problems_fini(&problems);
}

/* What is printed is a spec, and comes to what it was printed from. */
static void check_means_the_same(const char *path, const char *effective)
{
    char name[] = "/tmp/test_manifest_XXXXXX";
    int fd = mkstemp(name);
    struct problems problems = {0};
    struct manifest *manifest;
    cleanup_free char *told = NULL, *again = NULL;

    write_text(name, effective, strlen(effective));
    manifest = manifest_load(name, &problems);
    told = printed(&problems);
    check_report(manifest && !problems.errors, path, 0, manifest ? "is a spec again" : told);
    again = manifest ? manifest_effective(manifest) : NULL;
    check_text(again, effective, path, 0, "means the same");
    manifest_free(manifest);
    problems_fini(&problems);
    (void)close(fd);
    (void)unlink(name);
}

static void check_valid(const char *folder)
{
    cleanup_free char *path = mem_printf("%s/billing.yaml", folder);
    cleanup_free char *golden = mem_printf("%s/effective.yaml", folder);
    cleanup_free char *have = NULL, *told = NULL;
    struct problems problems = {0};
    struct manifest *manifest = manifest_load(path, &problems);

    told = printed(&problems);
    check_report(manifest && !problems.errors, path, 0, manifest ? "is accepted" : told);
    if (manifest) {
        have = manifest_effective(manifest);
        compare(golden, have);
        check_means_the_same(path, have);
    }
    manifest_free(manifest);
    problems_fini(&problems);
}

static int each_case(const char *folder, void (*check)(const char *))
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort), cases = 0;

    for (int i = 0; i < count; i++) {
        cleanup_free char *path = mem_printf("%s/%s", folder, entries[i]->d_name);

        if (entries[i]->d_name[0] != '.') {
            check(path);
            cases++;
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return cases;
}

static void test_missing_file(void)
{
    struct problems problems = {0};
    cleanup_free char *text = NULL;

    CHECK(!manifest_load("tests/nowhere.yaml", &problems));
    CHECK_INT(problems.errors, 1);
    text = printed(&problems);
    CHECK(strstr(text, "tests/nowhere.yaml: there is no such file") == text);
    problems_fini(&problems);
    CHECK_TEXT(manifest_default_path(), "billing.yaml");
}

static struct manifest *load_shipped(void)
{
    struct problems problems = {0};
    struct manifest *manifest;
    cleanup_free char *told = NULL;

    (void)setenv("BILLING_ACCOUNT_ID", "123456789012", 1);
    manifest = manifest_load("billing.yaml", &problems);
    (void)unsetenv("BILLING_ACCOUNT_ID");
    told = printed(&problems);
    CHECK_TEXT(told, "");
    CHECK(manifest != NULL);
    problems_fini(&problems);
    return manifest;
}

static size_t index_of(const struct manifest_pipeline *pipeline, const char *id)
{
    for (size_t i = 0; i < pipeline->resource_count; i++)
        if (!strcmp(pipeline->resources[i].id, id))
            return i;
    check_report(0, __FILE__, __LINE__, id);
    return 0;
}

/* The seed's names come out of the shipped files, in an order that can be made. */
static void test_shipped(void)
{
    struct manifest *manifest = load_shipped();
    const struct manifest_pipeline *pipeline;
    json_auto_t *facts = json_pack("{s:s, s:s, s:s}", "account", "123456789012", "region",
                                   "ap-northeast-2", "partition", "aws");
    json_auto_t *desired = NULL;
    const json_t *stream, *table;

    if (!manifest)
        return;
    CHECK_INT(manifest->pipeline_count, 1);
    CHECK_TEXT(manifest->account, "123456789012");
    CHECK_INT(manifest->interval_s, 300);
    CHECK_INT(manifest->jitter_s, 30);
    CHECK_INT(manifest->settle_timeout_s, 300);
    CHECK_INT(manifest->breaker_repairs, 3);
    CHECK_TEXT(manifest->listen, "127.0.0.1:9464");
    pipeline = &manifest->pipelines[0];
    CHECK_TEXT(pipeline->name, "ddn-api");
    CHECK_TEXT(pipeline->region, "ap-northeast-2");
    desired = manifest_resolve(pipeline, facts);
    CHECK_INT(json_array_size(desired), pipeline->resource_count);
    stream = json_array_get(desired, index_of(pipeline, "stream"));
    CHECK_TEXT(json_text(stream, "role"),
               "arn:aws:iam::123456789012:role/ddn-apigw-accesslog-fh-role");
    CHECK_TEXT(json_text(stream, "bucket"), "arn:aws:s3:::ddn-apigw-accesslog-bucket");
    CHECK_TEXT(json_text(json_object_get(stream, "tags"), "billingd"), "ddn-api");
    CHECK_TEXT(json_text(stream, "type"), "DirectPut");
    table = json_array_get(desired, index_of(pipeline, "raw_table"));
    CHECK_TEXT(json_text(json_object_get(table, "parameters"), "projection.year.digits"), "4");
    CHECK(strstr(json_text(json_object_get(table, "parameters"), "storage.location.template"),
                 "/year=${year}/") != NULL);
    for (size_t i = 0; i < pipeline->resource_count; i++)
        for (size_t j = 0; j < pipeline->resources[i].need_count; j++)
            CHECK(pipeline->resources[i].needs[j] < i);
    CHECK(index_of(pipeline, "stage_logging") > index_of(pipeline, "subscription"));
    manifest_free(manifest);
}

/* Text at "id.path.below" of the effective spec's one pipeline. */
static const char *effective_text(const struct manifest *manifest, const json_t *desired,
                                  const char *id, const char *path)
{
    const json_t *resource = json_array_get(desired, index_of(&manifest->pipelines[0], id));
    const char *text = json_string_value(json_at(resource, path));

    return text ? text : "";
}

static void check_partition(const char *region, const char *partition, const char *suffix)
{
    cleanup_free char *logs = mem_printf("logs.%s.%s", region, suffix);
    cleanup_free char *bucket = mem_printf("arn:%s:s3:::ddn-apigw-accesslog-bucket", partition);
    struct manifest *manifest;
    json_auto_t *facts = NULL, *desired = NULL;

    (void)setenv("AWS_REGION", region, 1);
    manifest = load_shipped();
    (void)unsetenv("AWS_REGION");
    if (!manifest)
        return;
    facts = manifest_resolve_facts(&manifest->pipelines[0], NULL);
    desired = manifest_resolve(&manifest->pipelines[0], facts);
    CHECK_TEXT(json_text(facts, "partition"), partition);
    CHECK_TEXT(
        effective_text(manifest, desired, "logs_role", "trust.Statement[].Principal.Service"),
        logs);
    CHECK_TEXT(
        effective_text(manifest, desired, "firehose_role", "trust.Statement[].Principal.Service"),
        "firehose.amazonaws.com");
    CHECK_TEXT(effective_text(manifest, desired, "log_delivery", "statements[].Principal.Service"),
               "delivery.logs.amazonaws.com");
    CHECK_TEXT(effective_text(manifest, desired, "stream", "bucket"), bucket);
    manifest_free(manifest);
}

/* ARNs and service principals of the shipped spec in every region. */
static void test_partitions(void)
{
    json_error_t error;
    json_auto_t *document = json_load_file("tests/vectors/endpoints/partitions.json", 0, &error);
    const json_t *partition, *ignored;
    const char *region;
    size_t i, count = 0;

    json_array_foreach(json_object_get(document, "partitions"), i, partition) {
        json_object_foreach(json_object_get(partition, "regions"), region, ignored) {
            if (strstr(region, "global"))
                continue;
            check_partition(region, json_text(partition, "id"),
                            json_text(json_object_get(partition, "outputs"), "dnsSuffix"));
            count++;
        }
    }
    CHECK(count > 40);
    check_partition("cn-north-1", "aws-cn", "amazonaws.com.cn");
}

static void check_place(const struct manifest_pipeline *pipeline, const char *id, const char *field,
                        const char *file, int line, int column)
{
    struct yaml_place have =
        manifest_resource_place(&pipeline->resources[index_of(pipeline, id)], field);

    check_text(have.file, file, __FILE__, __LINE__, field);
    check_number(have.line, line, __FILE__, __LINE__, field);
    check_number(have.column, column, __FILE__, __LINE__, field);
}

static void test_positions(void)
{
    static const char spec[] = "tests/specs/valid/overrides/billing.yaml";
    static const char template[] = "tests/specs/valid/overrides/../../template.yaml";
    struct problems problems = {0};
    struct manifest *manifest = manifest_load(spec, &problems);
    const struct manifest_pipeline *pipeline;

    CHECK(manifest != NULL);
    if (!manifest)
        return;
    pipeline = &manifest->pipelines[0];
    check_place(pipeline, "bucket", "", template, 13, 3);
    check_place(pipeline, "bucket", "name", spec, 8, 26); /* the parameter's value */
    check_place(pipeline, "bucket", "nothing", template, 13, 3);
    check_place(pipeline, "bucket", "public_access_block.BlockPublicAcls", template, 17, 24);
    check_place(pipeline, "bucket", "public_access_block.BlockPublicPolicy", spec, 11, 50);
    check_place(pipeline, "role", "trust.Statement[0].Principal.Service", template, 38, 32);
    check_place(pipeline, "more", "", spec, 18, 7);
    check_place(pipeline, "more", "name", spec, 21, 15);
    manifest_free(manifest);
    problems_fini(&problems);
}

/* Every kind and every field a spec may declare is in the schema, and nothing else is. */
static void test_schema(void)
{
    json_auto_t *schema = manifest_schema(false);

    CHECK(schema != NULL);
    for (size_t i = 0; registry_kinds[i]; i++) {
        cleanup_free char *name = mem_printf("kind.%s", registry_kinds[i]->name);
        const json_t *kind = json_object_get(json_object_get(schema, "$defs"), name);

        CHECK(json_is_false(json_object_get(kind, "additionalProperties")));
        for (const struct field *f = registry_kinds[i]->fields; f->name; f++)
            check_number(json_object_get(json_object_get(kind, "properties"), f->name) != NULL,
                         !(f->flags & FIELD_REPORTED), __FILE__, __LINE__, f->name);
    }
}

/* Mutations: a folder with a copy of the shipped files of which one is changed. */
struct mutation {
    char folder[64];
    char *spec;    /* folder/billing.yaml */
    char *changed; /* the file that is changed */
    char *text;    /* as shipped */
    size_t length;
    int tries, loads, refused;
};

#ifdef __SANITIZE_ADDRESS__
enum { EVERY = 3 }; /* all of them are tried by the optimized build */
#else
enum { EVERY = 1 };
#endif

static void try_text(struct mutation *m, const char *text, size_t length)
{
    struct problems problems = {0};
    struct manifest *manifest;

    if (m->tries++ % EVERY)
        return;
    write_text(m->changed, text, length);
    manifest = manifest_load(m->spec, &problems);
    m->loads++;
    m->refused += !manifest;
    if (!manifest != (problems.errors > 0)) {
        fprintf(stderr, "--- text\n%.*s\n--- end\n", (int)length, text);
        check_report(0, m->changed, 0, "either a manifest or errors");
    }
    if (manifest) {
        cleanup_free char *effective = manifest_effective(manifest);

        check_means_the_same(m->changed, effective);
    }
    free(printed(&problems));
    manifest_free(manifest);
    problems_fini(&problems);
}

/* Each line away and, if wanted, each line twice. */
static void mutate_lines(struct mutation *m, bool double_too)
{
    for (const char *line = m->text; *line;) {
        const char *end = strchr(line, '\n') ? strchr(line, '\n') + 1 : line + strlen(line);
        struct str gone = {0}, twice = {0};

        str_add_n(&gone, m->text, (size_t)(line - m->text));
        str_add(&gone, end);
        str_add_n(&twice, m->text, (size_t)(end - m->text));
        str_add(&twice, line);
        try_text(m, str_text(&gone), gone.len);
        if (double_too)
            try_text(m, str_text(&twice), twice.len);
        str_fini(&gone);
        str_fini(&twice);
        line = end;
    }
}

static void mutate_bytes(struct mutation *m, unsigned seed, int rounds)
{
    static const char alphabet[] = "{}[]:,-#&*!|>'\"%@`$~ \n\t\xff\x80\0aA0.\\";

    srandom(seed);
    for (int i = 0; i < rounds; i++) {
        char *text = mem_text_n(m->text, m->length);

        for (long flips = random() % 4 + 1; flips > 0; flips--) {
            size_t at = (size_t)random() % m->length;

            if (random() % 2)
                text[at] = alphabet[(size_t)random() % (sizeof alphabet - 1)];
            else
                text[at] = (char)((unsigned char)text[at] ^ (1U << random() % 8));
        }
        try_text(m, text, m->length);
        free(text);
    }
}

static void begin(struct mutation *m, const char *name)
{
    static const char *const files[] = {"billing.yaml", "specs/pipeline.yaml"};
    cleanup_free char *here = getcwd(NULL, 0);
    cleanup_free char *specs = NULL;

    (void)snprintf(m->folder, sizeof m->folder, "/tmp/test_manifest_XXXXXX");
    if (!mkdtemp(m->folder))
        abort();
    specs = mem_printf("%s/specs", m->folder);
    (void)mkdir(specs, 0700);
    for (size_t i = 0; i < 2; i++) {
        cleanup_free char *copy = mem_printf("%s/%s", m->folder, files[i]);
        cleanup_free char *text = read_text(files[i]);

        write_text(copy, text, strlen(text));
    }
    for (size_t i = 0; i < 3; i++) {
        static const char *const linked[] = {"log-format.json", "log-format-lean.json", "sql"};
        cleanup_free char *from = mem_printf("%s/specs/%s", here, linked[i]);
        cleanup_free char *to = mem_printf("%s/specs/%s", m->folder, linked[i]);

        if (symlink(from, to))
            abort();
    }
    m->spec = mem_printf("%s/billing.yaml", m->folder);
    m->changed = mem_printf("%s/%s", m->folder, name);
    m->text = read_text(name);
    m->length = strlen(m->text);
}

static void end(struct mutation *m)
{
    static const char *const files[] = {"specs/log-format.json", "specs/log-format-lean.json",
                                        "specs/sql", "specs/pipeline.yaml", "billing.yaml"};

    for (size_t i = 0; i < 5; i++) {
        cleanup_free char *path = mem_printf("%s/%s", m->folder, files[i]);

        (void)unlink(path);
    }
    {
        cleanup_free char *specs = mem_printf("%s/specs", m->folder);

        (void)rmdir(specs);
    }
    CHECK_INT(rmdir(m->folder), 0);
    free(m->spec);
    free(m->changed);
    free(m->text);
}

static void test_mutations(const char *name, bool double_too, size_t truncations, int rounds)
{
    struct mutation m = {0};

    begin(&m, name);
    try_text(&m, m.text, m.length);
    CHECK_INT(m.refused, 0); /* the copy itself is good */
    mutate_lines(&m, double_too);
    for (size_t i = 0; i < truncations; i++)
        try_text(&m, m.text, m.length * i / truncations);
    mutate_bytes(&m, 20251001, rounds);
    printf("%s: %d mutations, %d refused\n", name, m.loads, m.refused);
    CHECK(m.refused > m.loads / 4 && m.refused < m.loads);
    end(&m);
}

int main(void)
{
    static const char *const unset[] = {"AWS_REGION",
                                        "BILLING_ACCOUNT_ID",
                                        "BILLING_API_NAME",
                                        "BILLING_S3_BUCKET",
                                        "BILLING_GLUE_DB",
                                        "BILLING_LOG_GROUP",
                                        "BILLING_TABLE_JSON",
                                        "BILLING_FIREHOSE_NAME",
                                        "BILLING_ATHENA_WORKGROUP",
                                        "BILLING_TABLE_PARQUET",
                                        "BILLINGD_TEST_UNSET"};

    for (size_t i = 0; i < sizeof unset / sizeof *unset; i++)
        (void)unsetenv(unset[i]);
    (void)setenv("BILLINGD_TEST_SET", "a\"b: ${x} $${y}", 1);
    (void)setenv("BILLINGD_TEST_EMPTY", "", 1);
    CHECK(each_case("tests/specs/invalid", check_invalid) >= 30);
    CHECK(each_case("tests/specs/valid", check_valid) >= 6);
    test_missing_file();
    test_shipped();
    test_partitions();
    test_positions();
    test_schema();
    test_mutations("billing.yaml", true, 80, 200);
    test_mutations("specs/pipeline.yaml", false, 40, 150);
    aws_model_unload();
    return check_done();
}

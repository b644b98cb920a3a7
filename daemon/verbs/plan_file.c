#include "daemon/verbs/plan_file.h"

#include "aws/local/whole_file.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PLAN_FILE_VERSION "1.0"
#define PLAN_FILE_DOCUMENT "billingd plan"
#define MAKE_ANEW "make a new one with `billingd plan --out`"

enum { PLAN_FILE_MOST = 64 * 1024 * 1024 };

static json_t *text_digest(const char *text)
{
    char hex[65];

    digest_sha256(text, strlen(text), hex);
    return json_string(hex);
}

/* Of the document without its digest. */
static json_t *digest_of(const json_t *document)
{
    json_auto_t *rest = json_copy((json_t *)document);
    cleanup_free char *text = NULL;

    json_object_del(rest, "sha256");
    text = json_canonical(rest);
    return text_digest(text);
}

static json_t *pipelines_of(const struct pass *pass, const struct manifest *manifest)
{
    json_t *list = json_array();

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s}", "pipeline", manifest->pipelines[i].name,
                            "account", pass_account(pass, i), "region",
                            manifest->pipelines[i].region, "caller", pass_caller(pass, i)));
    return list;
}

static json_t *resources_of(const struct pass *pass)
{
    json_t *list = json_array();

    for (size_t i = 0; i < pass_task_count(pass); i++) {
        const struct task *task = pass_task(pass, i);
        json_t *json = plan_json(task_plan(task), task_kind(task));

        json_object_set_new(json, "resource", json_string(task_address(task)));
        json_object_set_new(json, "kind", json_string(task_kind(task)->name));
        if (task_observed(task))
            json_object_set_new(json, "observed", json_true());
        json_array_append_new(list, json);
    }
    return list;
}

static int check_complete(const struct pass *pass, const struct manifest *manifest, struct err *e)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        enum err_kind kind;

        if (pass_refused(pass, i, &kind))
            return err_set(e, ERR_RETRY, "the plan is not complete: pipeline %s was not read",
                           manifest->pipelines[i].name);
    }
    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (!task_plan(pass_task(pass, i))->differences)
            return err_set(e, ERR_RETRY, "the plan is not complete: %s was not read",
                           task_address(pass_task(pass, i)));
    return 0;
}

json_t *plan_file_document(const struct pass *pass, const struct manifest *manifest, struct err *e)
{
    cleanup_free char *effective = NULL;
    char made_at[TIMESTAMP_ROOM];
    json_t *document;

    if (check_complete(pass, manifest, e))
        return NULL;
    effective = manifest_effective(manifest);
    timestamp_text(clock_now_ms() / 1000, made_at);
    document =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "document", PLAN_FILE_DOCUMENT,
                  "format_version", PLAN_FILE_VERSION, "program", BILLINGD_VERSION, "made_at",
                  made_at, "spec", manifest->path, "spec_sha256", text_digest(effective),
                  "pipelines", pipelines_of(pass, manifest), "resources", resources_of(pass));
    json_object_set_new(document, "sha256", digest_of(document));
    return document;
}

/* ---- writing ---- */

int plan_file_write(const char *path, const json_t *document, struct err *e)
{
    cleanup_free char *dumped = json_dumps(document, JSON_INDENT(2) | JSON_SORT_KEYS);
    cleanup_free char *text = mem_printf("%s\n", dumped);
    struct stat there;
    int problem = 0;

    /* A pipe or a terminal cannot be replaced, and would be written in part. */
    if (!stat(path, &there) && !S_ISREG(there.st_mode))
        return err_set(e, ERR_INVALID, "%s is no regular file: the plan is not written", path);
    problem = whole_file_replace(path, text, NULL);
    if (problem)
        return err_set(e, ERR_RETRY, "%s: the plan is not written: %s", path, strerror(problem));
    return 0;
}

/* ---- reading ---- */

/* The whole file as text; NULL with a text. */
static char *read_text(const char *path, size_t *length, struct err *e)
{
    FILE *file = yaml_read_open(path);
    char *text;

    if (!file) {
        (void)err_set(e, ERR_INVALID, "%s: the plan cannot be read: %s", path, strerror(errno));
        return NULL;
    }
    text = mem_new(PLAN_FILE_MOST + 1);
    *length = fread(text, 1, PLAN_FILE_MOST + 1, file);
    if (ferror(file) || *length > PLAN_FILE_MOST) {
        (void)err_set(e, ERR_INVALID, "%s: the plan cannot be read: %s", path,
                      ferror(file) ? strerror(errno) : "it is larger than any plan");
        free(text);
        text = NULL;
    }
    (void)fclose(file);
    return text;
}

static int check_document(const char *path, const json_t *document, struct err *e)
{
    const char *is = json_text(document, "document"), *version;
    json_auto_t *digest = NULL;

    if (!is || strcmp(is, PLAN_FILE_DOCUMENT) != 0)
        return err_set(e, ERR_INVALID, "%s:1:1: it is no plan of billingd; " MAKE_ANEW, path);
    version = json_text(document, "format_version");
    if (!version || strcmp(version, PLAN_FILE_VERSION) != 0)
        return err_set(e, ERR_INVALID,
                       "%s: the plan has format_version %s, this billingd reads " PLAN_FILE_VERSION
                       " only; " MAKE_ANEW,
                       path, version ? version : "(none)");
    digest = digest_of(document);
    if (!json_equal(digest, json_object_get(document, "sha256")))
        return err_set(
            e, ERR_INVALID,
            "%s: it was changed after the plan was made: its sha256 does not fit; " MAKE_ANEW,
            path);
    return 0;
}

json_t *plan_file_read(const char *path, struct err *e)
{
    size_t length;
    cleanup_free char *text = read_text(path, &length, e);
    json_error_t error;
    json_t *document;

    if (!text)
        return NULL;
    document = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!document) {
        (void)err_set(e, ERR_INVALID, "%s:%d:%d: the plan is cut or damaged: %s; " MAKE_ANEW, path,
                      error.line, error.column, error.text);
        return NULL;
    }
    if (check_document(path, document, e)) {
        json_decref(document);
        return NULL;
    }
    return document;
}

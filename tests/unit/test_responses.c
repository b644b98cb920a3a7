/* Whole replies of AWS as botocore recorded them (tests/vectors/protocols/response_parsing): iam,
 * s3 and sts results, and errors of many services.  The models of those operations lie beside them.
 */
#include "aws/codec/codec.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"

#include <dirent.h>
#include <strings.h>
#include <time.h>

#define FOLDER "tests/vectors/protocols/response_parsing/"

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct str text = {0};
    char buffer[4096];
    size_t n;

    if (!file)
        return NULL;
    while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
        str_add_n(&text, buffer, n);
    (void)fclose(file);
    return str_take(&text);
}

static bool fits(const json_t *have, const json_t *want);

/* botocore decodes IAM's percent-encoded policy documents; here that is left to who reads them. */
static bool fits_policy(const char *have, const json_t *want)
{
    cleanup_free char *text = str_unescape(have);
    json_auto_t *policy = json_loads(text, 0, NULL);

    return fits(policy, want);
}

/* As recorded, but times are ISO 8601 there and numbers here. */
static bool fits(const json_t *have, const json_t *want)
{
    const char *key;
    json_t *value;
    size_t i;
    struct tm t = {0};

    if (json_is_number(have) && json_is_string(want) &&
        strptime(json_string_value(want), "%Y-%m-%dT%H:%M:%S", &t))
        return (time_t)json_number_value(have) == timegm(&t);
    if (json_is_string(have) && json_is_object(want))
        return fits_policy(json_string_value(have), want);
    if (json_is_object(have) && json_is_object(want)) {
        json_object_foreach((json_t *)want, key, value)
            if (strcmp(key, "ResponseMetadata") != 0 && !fits(json_object_get(have, key), value))
                return false;
        json_object_foreach((json_t *)have, key, value)
            if (!json_object_get(want, key))
                return false;
        return true;
    }
    if (json_is_array(have) && json_is_array(want)) {
        json_array_foreach(want, i, value)
            if (!fits(json_array_get(have, i), value))
                return false;
        return json_array_size(have) == json_array_size(want);
    }
    return json_equal(have, want);
}

static json_t *load_document(const char *service)
{
    cleanup_free char *path = mem_printf(FOLDER "models/%s.json", service);

    return json_load_file(path, 0, NULL);
}

/* "iam-list-mfa-devices#2.xml" -> the operation ListMFADevices of that model. */
static bool find_operation(const struct aws_model *model, const char *file,
                           struct aws_operation *out)
{
    json_auto_t *document = load_document(model->name);
    char squeezed[128] = "";
    size_t n = 0;
    const char *name;
    json_t *operation;

    for (const char *p = strchr(file, '-'); p && *p && *p != '.' && *p != '#' && n < 127; p++)
        if (*p != '-')
            squeezed[n++] = *p;
    json_object_foreach(json_object_get(document, "operations"), name, operation)
        if (!strcasecmp(name, squeezed))
            return aws_model_operation(model, name, out);
    return false;
}

static struct aws_model *load_model(const char *service)
{
    json_auto_t *document = load_document(service);

    return aws_model_new(service, document);
}

/* The pair of file: the reply, and what it should become. */
static char *load_pair(const char *folder, const char *file, const char *want_folder, json_t **want)
{
    cleanup_free char *path = mem_printf("%s%s", folder, file);
    cleanup_free char *base = mem_text_n(file, strlen(file) - strlen(strrchr(file, '.')));
    cleanup_free char *want_path = mem_printf("%s%s.json", want_folder, base);

    *want = json_load_file(want_path, 0, NULL);
    return read_text(path);
}

static void run_response(const struct aws_model *model, const char *file)
{
    struct aws_operation operation;
    json_t *want = NULL, *result = NULL;
    cleanup_free char *body =
        load_pair(FOLDER "xml/responses/", file, FOLDER "xml/responses/", &want);
    const struct aws_raw_reply reply = {.status = 200, .body = body, .body_length = strlen(body)};
    struct aws_error error;

    CHECK(find_operation(model, file, &operation));
    CHECK_INT(codec_decode(&operation, &reply, &result, &error), 0);
    if (!fits(result, want)) {
        cleanup_free char *text = json_dumps(result, JSON_COMPACT);

        fprintf(stderr, "%s: have %s (%s %s)\n", file, text ? text : "nothing", error.code,
                error.message);
    }
    CHECK(fits(result, want));
    json_decref(want);
    json_decref(result);
}

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && !strcmp(text + n - m, end);
}

static void run_responses(const char *service, int want)
{
    struct aws_model *model = load_model(service);
    DIR *folder = opendir(FOLDER "xml/responses");
    struct dirent *entry;
    size_t n = strlen(service);
    int count = 0;

    while (folder && (entry = readdir(folder))) {
        if (strncmp(entry->d_name, service, n) != 0 || !ends_in(entry->d_name, ".xml"))
            continue;
        run_response(model, entry->d_name);
        count++;
    }
    if (folder)
        closedir(folder);
    printf("%s: %d replies\n", service, count);
    CHECK_INT(count, want);
    aws_model_free(model);
}

static void run_error(const struct aws_operation *operation, const char *folder, const char *file,
                      const char *want_folder)
{
    json_t *want = NULL, *result = NULL;
    cleanup_free char *body = load_pair(folder, file, want_folder, &want);
    const struct aws_raw_reply reply = {.status = 400, .body = body, .body_length = strlen(body)};
    struct aws_error error;
    const char *id = json_string_value(json_at(want, "ResponseMetadata.RequestId"));

    CHECK_INT(codec_decode(operation, &reply, &result, &error), -1);
    CHECK_TEXT(error.code, json_string_value(json_at(want, "Error.Code")));
    CHECK_TEXT(error.message, json_string_value(json_at(want, "Error.Message")));
    if (id)
        CHECK_TEXT(error.request_id, id);
    CHECK_INT(error.status, 400);
    json_decref(want);
}

static void run_errors(const char *service, const char *name, const char *folder_name,
                       const char *want_folder, int want)
{
    const char *extension = strstr(folder_name, "/xml/") ? ".xml" : ".json";
    DIR *folder = opendir(folder_name);
    struct aws_operation operation;
    struct dirent *entry;
    int count = 0;

    CHECK(aws_model_operation(aws_model(service), name, &operation));
    while (folder && (entry = readdir(folder))) {
        if (!ends_in(entry->d_name, extension))
            continue;
        run_error(&operation, folder_name, entry->d_name, want_folder);
        count++;
    }
    if (folder)
        closedir(folder);
    printf("%s errors: %d\n", extension + 1, count);
    CHECK_INT(count, want);
}

int main(void)
{
    run_responses("iam", 15);
    run_responses("s3", 9);
    run_responses("sts", 1);
    run_errors("iam", "GetRole", FOLDER "xml/errors/", FOLDER "xml/errors/", 13);
    run_errors("s3", "CreateBucket", FOLDER "xml/errors/", FOLDER "xml/errors/", 13);
    run_errors("firehose", "CreateDeliveryStream", FOLDER "json/errors/", FOLDER "json/expected/",
               5);
    aws_model_unload();
    return check_done();
}

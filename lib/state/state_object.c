#include "state/state_object.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

const char *state_object_bucket(const struct manifest_pipeline *pipeline, const json_t *desired)
{
    const struct manifest_resource *bucket = manifest_resource_find(pipeline, "bucket");

    if (!bucket || strcmp(bucket->kind->name, "s3_bucket") != 0)
        return NULL;
    return json_text(json_array_get(desired, (size_t)(bucket - pipeline->resources)), "name");
}

json_t *state_object_place(const char *bucket, const char *pipeline, const char *name,
                           const char *account)
{
    cleanup_free char *key = mem_printf(STATE_PREFIX "%s/%s.json", pipeline, name);

    return json_pack("{s:s, s:s, s:s}", "Bucket", bucket, "Key", key, "ExpectedBucketOwner",
                     account);
}

char *state_object_text(const json_t *place)
{
    return mem_printf("s3://%s/%s", json_text(place, "Bucket"), json_text(place, "Key"));
}

void state_object_fini(struct state_object *object)
{
    json_decref(object->value);
    free(object->etag);
    *object = (struct state_object){0};
}

static int take_body(const json_t *result, const json_t *place, struct state_object *object,
                     struct err *e)
{
    const json_t *body = json_object_get(result, "Body");
    const char *text = json_string_value(body), *etag = json_text(result, "ETag");
    cleanup_free char *where = state_object_text(place);
    bool small = json_string_length(body) <= STATE_OBJECT_MOST;

    object->value = text && small
                        ? json_loadb(text, json_string_length(body), JSON_REJECT_DUPLICATES, NULL)
                        : NULL;
    object->etag = mem_text(etag);
    if (json_is_object(object->value) && etag)
        return 0;
    state_object_fini(object);
    return err_set(e, ERR_INVALID,
                   "%s is not what billingd wrote there: bring it back from a version or copy of "
                   "the bucket, or remove it by hand",
                   where);
}

static bool is_bucketless(const struct aws_error *error)
{
    return !strcmp(error->code, "NoSuchBucket");
}

static bool is_absent(const struct aws_error *error)
{
    return !strcmp(error->code, "NoSuchKey") || is_bucketless(error);
}

int state_object_take(const struct aws_reply *reply, const json_t *place,
                      struct state_object *object, struct err *e)
{
    cleanup_free char *said = NULL;

    *object = (struct state_object){0};
    if (reply->result)
        return take_body(reply->result, place, object, e);
    if (is_absent(&reply->error)) {
        object->no_bucket = is_bucketless(&reply->error);
        return 0;
    }
    said = aws_error_summary(&reply->error);
    if (strcmp(reply->error.code, "AccessDenied") != 0)
        return err_set(e, reply->kind, "%s", said);
    /* S3 says the same of an object that is not there to who may not list the bucket. */
    return err_set(e, ERR_DENIED, "%s; it needs the permissions s3:GetObject and s3:ListBucket",
                   said);
}

int state_object_read(struct flow *flow, struct aws_session *session, const json_t *place,
                      struct state_object *object, struct err *e)
{
    const struct aws_request request = {session, "s3", "GetObject", place};
    struct err failed = {0};
    json_auto_t *result = flow_call(flow, &request, &failed);

    *object = (struct state_object){0};
    if (result)
        return take_body(result, place, object, e);
    if (failed.kind != ERR_CANCELLED && is_absent(flow_error(flow))) {
        object->no_bucket = is_bucketless(flow_error(flow));
        return 0;
    }
    return err_set(e, failed.kind, "%s", failed.text);
}

json_t *state_object_params(const json_t *place, const char *etag, const json_t *value)
{
    json_t *params = json_copy((json_t *)place);
    cleanup_free char *text = json_canonical(value);

    json_object_set_new(params, etag ? "IfMatch" : "IfNoneMatch", json_string(etag ? etag : "*"));
    json_object_set_new(params, "ContentType", json_string("application/json"));
    /* A bucket under object lock takes nothing without. */
    json_object_set_new(params, "ChecksumAlgorithm", json_string("SHA256"));
    json_object_set_new(params, "Body", json_string(text));
    return params;
}

/* (S3 user guide, "Conditional writes"; an object that is gone by now is a 404.) */
bool state_object_is_refused(const struct aws_error *error)
{
    return !strcmp(error->code, "PreconditionFailed") ||
           !strcmp(error->code, "ConditionalRequestConflict") || !strcmp(error->code, "NoSuchKey");
}

int state_object_write(struct flow *flow, struct state_object_at at, struct state_object *object,
                       const json_t *value, struct err *e)
{
    json_auto_t *params = state_object_params(at.place, object->etag, value), *result = NULL;
    const struct aws_request request = {at.session, "s3", "PutObject", params};
    struct err failed = {0};

    result = flow_call(flow, &request, &failed);
    if (result) {
        free(object->etag);
        object->etag = mem_text(json_text(result, "ETag"));
        return 1;
    }
    if (failed.kind != ERR_CANCELLED && state_object_is_refused(flow_error(flow)))
        return 0;
    return err_set(e, failed.kind, "%s", failed.text);
}

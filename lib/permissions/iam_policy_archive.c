#include "permissions/iam_policy_archive.h"

#include "base/json.h"
#include "state/state_object.h"

#include <string.h>

/* Where documents and their numbers lie; new reference, NULL: nowhere. */
static json_t *places_of(const struct manifest_pipeline *pipeline, const json_t *desired,
                         const json_t *facts)
{
    static const char usual[] = "billing/", numbers[] = "billing/numbers/";
    const json_t *close = json_object_get(pipeline->billing, "close");
    const char *archive = json_text(close, "archive");
    const char *bucket = state_object_bucket(pipeline, desired);
    const char *partition = json_text(facts, "partition");
    bool own = archive && *archive && strncmp(archive, usual, strlen(usual)) != 0;
    json_t *places;

    if (!bucket || !json_object_size(pipeline->billing))
        return NULL;
    places = json_pack(
        "[o]", json_sprintf("arn:%s:s3:::%s/%s*", partition, bucket, own ? numbers : usual));
    if (own)
        json_array_append_new(places,
                              json_sprintf("arn:%s:s3:::%s/%s%s*", partition, bucket, archive,
                                           archive[strlen(archive) - 1] == '/' ? "" : "/"));
    return places;
}

/* Of an object, that is all which changes or ends it; a lock goes with its versions.  condition:
 * taken over.  Short, since IAM counts each character. */
static void deny(json_t *statements, const struct manifest_pipeline *pipeline,
                 const json_t *desired, const json_t *facts, json_t *condition)
{
    json_auto_t *places = places_of(pipeline, desired, facts), *except = condition;

    if (places)
        json_array_append_new(
            statements, json_pack("{s:s, s:[s, s], s:O, s:O*}", "Effect", "Deny", "Action",
                                  "s3:Delete*", "s3:Put*", "Resource",
                                  json_array_size(places) == 1 ? json_array_get(places, 0) : places,
                                  "Condition", except));
}

/* The key is in no other request than PutObject, so that the condition holds for those. */
void iam_policy_archive_keep(json_t *statements, const struct manifest_pipeline *pipeline,
                             const json_t *desired, const json_t *facts)
{
    deny(statements, pipeline, desired, facts,
         json_pack("{s:{s:s}}", "Null", "s3:if-none-match", "true"));
}

void iam_policy_archive_close(json_t *statements, const struct manifest_pipeline *pipeline,
                              const json_t *desired, const json_t *facts)
{
    deny(statements, pipeline, desired, facts, NULL);
}

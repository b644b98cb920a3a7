#include "daemon/verbs/leader_look.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "lease/lease_document.h"
#include "state/claim.h"
#include "state/state_object.h"

#include <stdio.h>
#include <string.h>

static bool has_writes(const struct pass *pass, size_t pipeline)
{
    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (pass_task_pipeline(pass, i) == pipeline && task_wants_writes(pass_task(pass, i)))
            return true;
    return false;
}

static void tell(const char *pipeline, const json_t *document, const char *ours)
{
    const char *spec = lease_document_spec(document);
    cleanup_free char *who = lease_document_who(document);
    char renewed[TIMESTAMP_ROOM];

    if (!who)
        return;
    timestamp_text(json_integer_value(json_object_get(document, "renewed")), renewed);
    if (spec && strcmp(spec, ours) != 0)
        (void)fprintf(stderr,
                      "billingd: %s: %s leads (last said so %s), by another spec (%s; this one is "
                      "%s): what this one wants otherwise it leaves so from now on, until it "
                      "reloads\n",
                      pipeline, who, renewed, spec, ours);
    else
        (void)fprintf(stderr, "billingd: %s: %s leads (last said so %s)\n", pipeline, who, renewed);
}

static void look(struct flow *flow, struct pass *pass, size_t index, const char *pipeline,
                 const char *bucket)
{
    const char *ours = pass_spec(pass, index);
    json_auto_t *place =
        state_object_place(bucket, pipeline, LEASE_NAME, pass_account(pass, index));
    struct state_object object = {0};
    struct lease_seen seen;
    struct err e = {0};

    if (!state_object_read(flow, pass_session(pass, index), place, &object, &e) &&
        !lease_document_read(&object, &seen, &e)) {
        pass_replaces(pass, index, lease_document_spec(object.value));
        tell(pipeline, object.value, ours);
    }
    if (e.kind != ERR_NONE && e.kind != ERR_CANCELLED)
        (void)fprintf(stderr, "billingd: %s: whether a daemon leads is not known: %s\n", pipeline,
                      e.text);
    state_object_fini(&object);
}

void leader_look(struct flow *flow, struct pass *pass, const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        const struct manifest_pipeline *pipeline = &manifest->pipelines[i];
        const char *bucket = pass_bucket(pass, i);

        if (bucket && has_writes(pass, i) && !pass_lacks_bucket(pass, i))
            look(flow, pass, i, pipeline->name, bucket);
    }
}

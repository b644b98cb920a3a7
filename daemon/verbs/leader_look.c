#include "daemon/verbs/leader_look.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "lease/lease_document.h"
#include "state/claim.h"
#include "state/state_object.h"

#include <stdio.h>
#include <string.h>

/* What was read of a pipeline. */
struct one {
    bool asked;
    struct state_object object;
    struct err e;
};

struct leader_look {
    const struct manifest *manifest;
    struct one *all;
    size_t count;
};

struct leader_look *leader_look_new(const struct manifest *manifest)
{
    struct leader_look *look = mem_new(sizeof *look);

    look->manifest = manifest;
    look->count = manifest->pipeline_count;
    look->all = mem_new((manifest->pipeline_count + 1) * sizeof *look->all);
    return look;
}

void leader_look_free(struct leader_look *look)
{
    for (size_t i = 0; look && i < look->count; i++)
        state_object_fini(&look->all[i].object);
    if (look)
        free(look->all);
    free(look);
}

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

void leader_look_ask(struct flow *flow, struct leader_look *look, struct pass *pass,
                     size_t pipeline)
{
    struct one *one = &look->all[pipeline];
    json_auto_t *place = NULL;

    if (one->asked)
        return;
    one->asked = true;
    place =
        state_object_place(pass_bucket(pass, pipeline), look->manifest->pipelines[pipeline].name,
                           LEASE_NAME, pass_account(pass, pipeline));
    (void)state_object_read(flow, pass_session(pass, pipeline), place, &one->object, &one->e);
}

void leader_look_rest(struct flow *flow, struct leader_look *look, struct pass *pass)
{
    for (size_t i = 0; i < look->count && !flow_is_cancelled(flow); i++)
        if (pass_bucket(pass, i) && has_writes(pass, i) && !pass_lacks_bucket(pass, i))
            leader_look_ask(flow, look, pass, i);
}

static void tell_one(struct one *one, struct pass *pass, size_t index, const char *pipeline)
{
    struct lease_seen seen;

    if (one->e.kind == ERR_NONE && !lease_document_read(&one->object, &seen, &one->e)) {
        pass_replaces(pass, index, lease_document_spec(one->object.value));
        tell(pipeline, one->object.value, pass_spec(pass, index));
    }
    if (one->e.kind != ERR_NONE && one->e.kind != ERR_CANCELLED)
        (void)fprintf(stderr, "billingd: %s: whether a daemon leads is not known: %s\n", pipeline,
                      one->e.text);
}

void leader_look_tell(struct leader_look *look, struct pass *pass)
{
    for (size_t i = 0; i < look->count; i++)
        if (look->all[i].asked && has_writes(pass, i))
            tell_one(&look->all[i], pass, i, look->manifest->pipelines[i].name);
}

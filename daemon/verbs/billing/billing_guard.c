#include "daemon/verbs/billing/billing_guard.h"

#include "base/clock.h"
#include "base/mem.h"
#include "state/pause.h"
#include "state/state_object.h"

static int refuse(struct billing_turn *turn, const char *id, const char *why)
{
    billing_runner_quiet(turn);
    (void)fprintf(stderr,
                  "billingd: %s: nothing is written: %s/%s is only observed, %s; --dry-run shows "
                  "what would be\n",
                  turn->billing->pipeline, turn->billing->pipeline, id, why);
    return EXIT_REFUSED;
}

/* New reference; NULL and *e: nobody knows what is paused. */
static json_t *read_pauses(struct flow *flow, const struct billing_turn *turn, struct err *e)
{
    const struct billing *billing = turn->billing;
    json_auto_t *place =
        state_object_place(billing->names.bucket, billing->pipeline, "pauses", billing->account);
    struct state_object object;
    json_t *pauses = NULL;

    if (!state_object_read(flow, billing->session, place, &object, e))
        pauses = pause_list(object.value, e);
    state_object_fini(&object);
    if (!pauses)
        (void)err_wrap(e, "nothing is written: whether it is paused is not known");
    return pauses;
}

int billing_guard_check(struct flow *flow, struct billing_turn *turn, const char *const *ids,
                        struct err *e)
{
    const struct manifest_pipeline *pipeline = &turn->manifest->pipelines[turn->pipeline];
    json_auto_t *pauses = read_pauses(flow, turn, e);

    for (; pauses && *ids; ids++) {
        const struct manifest_mode *mode = manifest_resource_mode(pipeline, *ids);
        cleanup_free char *address = mem_printf("%s/%s", pipeline->name, *ids), *why = NULL;
        const json_t *pause = pause_find(pauses, address, clock_agreed_ms() / 1000);

        if (mode->observe)
            why = manifest_resource_mode_text(mode);
        else if (pause)
            why = pause_text(pause);
        if (why)
            return refuse(turn, *ids, why);
    }
    return pauses ? 0 : -1;
}

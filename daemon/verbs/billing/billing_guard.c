#include "daemon/verbs/billing/billing_guard.h"

#include "base/mem.h"

static int refuse(struct billing_turn *turn, const char *id, const char *why)
{
    billing_runner_quiet(turn);
    (void)fprintf(stderr,
                  "billingd: %s: nothing is written: %s/%s is only observed, %s; --dry-run shows "
                  "what would be\n",
                  turn->billing->pipeline, turn->billing->pipeline, id, why);
    return EXIT_REFUSED;
}

int billing_guard_check(struct flow *flow, struct billing_turn *turn, const char *const *ids,
                        struct err *e)
{
    const struct manifest_pipeline *pipeline = &turn->manifest->pipelines[turn->pipeline];

    (void)flow;
    (void)e;
    for (; *ids; ids++) {
        const struct manifest_mode *mode = manifest_resource_mode(pipeline, *ids);
        cleanup_free char *why = mode->observe ? manifest_resource_mode_text(mode) : NULL;

        if (why)
            return refuse(turn, *ids, why);
    }
    return 0;
}

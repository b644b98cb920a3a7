/* engine_private.h -- the inside of a pass, shared by engine.c (phases) and pass.c (items). */
#ifndef RECONCILE_ENGINE_PRIVATE_H
#define RECONCILE_ENGINE_PRIVATE_H

#include "reconcile/breaker.h"
#include "reconcile/engine.h"
#include "reconcile/pass_role.h"
#include "reconcile/read_cache.h"

struct engine {
    uv_loop_t *loop;
    struct aws_client *client;
    const struct manifest *manifest;
    struct breaker *breaker;
    struct pass *pass; /* the one under way or not yet forgotten */
};

/* One resource in a pass. */
struct item {
    struct pass *pass;
    struct task *task;
    const struct manifest_resource *resource;
    size_t pipeline;
    size_t *after; /* indices of items that must be in place before this one is written */
    size_t after_count;
    unsigned depth; /* round trips that led to what it knows */
    bool released;  /* may write */
    bool counted;   /* its end was taken note of */
    struct aws_call *write;
    const char *write_op;
    enum task_state told_state;
    char *told_text;
};

struct pipeline_pass {
    struct pass *pass;
    const struct manifest_pipeline *spec;
    struct aws_session *session;
    json_t *facts, *desired;
    char *account, *refused;
    enum err_kind refused_kind;
    bool identified;
    struct pass_role *pass_role;
    size_t first, count; /* its items */
};

enum phase {
    PHASE_IDENTITY,
    PHASE_READING,
    PHASE_CHECKING,
    PHASE_PLANNED,
    PHASE_APPLYING,
    PHASE_DONE
};

struct pass {
    struct engine *engine;
    struct pass_events events;
    enum phase phase;
    bool stopping, told_planned, told_done;
    struct read_cache *cache;
    struct pipeline_pass *pipelines;
    size_t pipeline_count;
    struct item *items; /* of all pipelines; without a task where the pipeline was refused */
    size_t item_count;
    struct item **shown; /* those with a task */
    size_t shown_count;
    unsigned identity_calls, writes, checks_left;
    json_t *warnings;
    uv_timer_t *timer;
    int64_t started_ms, ended_ms;
};

/* pass.c */
void pass_add_items(struct pass *pass, size_t pipeline);
void pass_free_items(struct pass *pass);
/* Takes all requests an item has ready. */
void item_pump(struct item *item);
/* What the item reads from now on comes from AWS, not from earlier in the pass. */
void item_forget_reads(struct item *item);
/* Lets every item write whose turn it is. */
void pass_release(struct pass *pass);
/* [{"role", "service"}] of all roles that planned calls of a pipeline pass on; new reference. */
json_t *pass_roles_passed(const struct pass *pass, size_t pipeline);

/* engine.c: looks soon (from the loop) whether the pass can go on. */
void pass_schedule(struct pass *pass);

#endif

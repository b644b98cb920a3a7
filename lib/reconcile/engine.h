/* engine.h -- one pass after another over everything a manifest wants.
 *
 * The engine outlives passes: it remembers what did not stay repaired, and what AWS had no place
 * for. */
#ifndef RECONCILE_ENGINE_H
#define RECONCILE_ENGINE_H

#include "guard/blast_radius.h"
#include "reconcile/pass.h"

struct engine;

/* client and manifest are borrowed and must outlive the engine. */
struct engine *engine_new(uv_loop_t *loop, struct aws_client *client,
                          const struct manifest *manifest);
/* Its passes write although IAM's simulation denies that roles are handed on. */
void engine_skip_pass_role_check(struct engine *engine, bool skip);
/* Its passes are going to be applied as soon as they are planned: they look ahead. */
void engine_expect_apply(struct engine *engine, bool expect);
/* Somebody asks for what was read (task_scope) when a pass is planned or over: it is kept, also of
 * pipelines in which nothing is to be written. */
void engine_keep_documents(struct engine *engine, bool keep);
/* Its passes ask for the name that each account has for people: a call per account. */
void engine_ask_alias(struct engine *engine, bool ask);
/* Another number of changes than the spec's for its passes; 0: no limit. */
void engine_allow_changes(struct engine *engine, size_t most);
/* Takes over what another engine (NULL: none) saw in place: a new spec is held against it. */
void engine_inherit(struct engine *engine, const struct engine *from);
/* Its passes write only where the gate (copied) is open. */
void engine_gate(struct engine *engine, const struct pass_gate *gate);
/* Cancels a running pass; the loop must run once more to close its timer.  Without one any thread may
 * call it, and of many resources it takes a while. NULL is harmless. */
void engine_free(struct engine *engine);
/* Starts a pass; one at a time. */
struct pass *engine_start(struct engine *engine, const struct pass_events *events);
/* Some milliseconds of freeing the finished pass, of which nothing is asked any more: to be called
 * in one round of the loop after the other until it is true. */
bool engine_forget_part(struct engine *engine, struct pass *pass);
/* Frees the pass; NULL is harmless. */
void engine_forget(struct engine *engine, struct pass *pass);

#endif

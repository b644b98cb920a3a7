#include "reconcile/engine.h"

#include "reading/wide_reads.h"

#include "base/mem.h"

struct engine {
    struct pass_setup setup;
    struct wide_memory wide;
    struct pass *pass; /* the one under way or not yet forgotten */
};

struct engine *engine_new(uv_loop_t *loop, struct aws_client *client,
                          const struct manifest *manifest)
{
    struct engine *engine = mem_new(sizeof *engine);

    engine->setup = (struct pass_setup){
        .loop = loop,
        .client = client,
        .manifest = manifest,
        .breaker = breaker_new(manifest->breaker_repairs, manifest->breaker_window_s),
        .quota = quota_new(),
        .tokens = create_token_new(),
        .wide = &engine->wide,
        .claims = json_object(),
        .unwell = json_object(),
        .radius = blast_radius_new((size_t)manifest->max_changes)};
    return engine;
}

void engine_skip_pass_role_check(struct engine *engine, bool skip)
{
    engine->setup.skip_pass_role_check = skip;
}

void engine_expect_apply(struct engine *engine, bool expect)
{
    engine->setup.expects_apply = expect;
}

void engine_keep_documents(struct engine *engine, bool keep)
{
    engine->setup.keeps_documents = keep;
}

void engine_ask_alias(struct engine *engine, bool ask)
{
    engine->setup.ask_alias = ask;
}

void engine_allow_changes(struct engine *engine, size_t most)
{
    blast_radius_allow(engine->setup.radius, most);
}

void engine_inherit(struct engine *engine, const struct engine *from)
{
    blast_radius_inherit(engine->setup.radius, from ? from->setup.radius : NULL);
}

void engine_gate(struct engine *engine, const struct pass_gate *gate)
{
    engine->setup.gate = *gate;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    engine_forget(engine, engine->pass);
    breaker_free(engine->setup.breaker);
    quota_free(engine->setup.quota);
    create_token_free(engine->setup.tokens);
    json_decref(engine->setup.claims);
    json_decref(engine->setup.unwell);
    json_decref(engine->wide.resting);
    blast_radius_free(engine->setup.radius);
    free(engine);
}

struct pass *engine_start(struct engine *engine, const struct pass_events *events)
{
    engine->pass = pass_new(&engine->setup, events);
    return engine->pass;
}

bool engine_forget_part(struct engine *engine, struct pass *pass)
{
    if (!pass_free_part(pass))
        return false;
    engine_forget(engine, pass);
    return true;
}

void engine_forget(struct engine *engine, struct pass *pass)
{
    if (!pass)
        return;
    pass_free(pass);
    engine->pass = NULL;
}

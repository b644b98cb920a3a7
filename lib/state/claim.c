#include "state/claim.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/timestamp.h"
#include "resources/ignore.h"

#include <string.h>
#include <unistd.h>

enum {
    FIELD_DIGITS = 12,
    TURNS = 8,
    TURNS_S = 86400,
    WANTS_MOST = 128 << 10 /* bytes, of what an object of ours may hold; beyond: not said */
};

/* The first digits of a value's hash; new reference. */
static char *short_hash(const json_t *value, size_t digits)
{
    cleanup_free char *text = json_canonical(value);
    char hash[65];

    digest_sha256(text, strlen(text), hash);
    return mem_text_n(hash, digits);
}

char *claim_id(const json_t *desired)
{
    return short_hash(desired, CLAIM_ID);
}

/* ---- what a spec wants ---- */

static bool is_decided(const struct manifest_resource *resource, const struct field *field)
{
    return !(field->flags & (FIELD_KEY | FIELD_LOCAL | FIELD_REPORTED)) &&
           !ignore_covers(resource->ignored, field->name);
}

/* "ensure" is no field of any kind. */
static json_t *wants_of(const struct manifest_resource *resource, const json_t *desired)
{
    json_t *wants = json_object();

    if (resource->absent) {
        json_object_set_new(wants, "ensure", json_string("absent"));
        return wants;
    }
    for (const struct field *f = resource->kind->fields; f->name; f++) {
        const json_t *want = json_object_get(desired, f->name);
        cleanup_free char *hash =
            want && is_decided(resource, f) ? short_hash(want, FIELD_DIGITS) : NULL;

        if (hash)
            json_object_set_new(wants, f->name, json_string(hash));
    }
    return wants;
}

static json_t *all_wants(const struct manifest_pipeline *pipeline, const json_t *desired)
{
    json_t *all = json_object();
    size_t size;

    for (size_t i = 0; i < pipeline->resource_count; i++)
        if (!pipeline->resources[i].mode.observe)
            json_object_set_new(all, pipeline->resources[i].id,
                                wants_of(&pipeline->resources[i], json_array_get(desired, i)));
    size = json_dumpb(all, NULL, 0, JSON_COMPACT);
    if (size <= WANTS_MOST)
        return all;
    json_decref(all);
    return json_null();
}

/* Those before, and the one that is before now; new reference. */
static json_t *turns_after(const json_t *before)
{
    json_t *turns = json_array();

    if (!before)
        return turns;
    json_array_extend(turns, json_object_get(before, "turns"));
    json_array_append_new(turns, json_pack("{s:O, s:O}", "id", json_object_get(before, "id"),
                                           "since", json_object_get(before, "since")));
    while (json_array_size(turns) > TURNS)
        json_array_remove(turns, 0);
    return turns;
}

json_t *claim_new(const struct manifest_pipeline *pipeline, const json_t *desired,
                  const json_t *before)
{
    cleanup_free char *id = claim_id(desired);
    char host[65] = "";

    (void)gethostname(host, sizeof host - 1);
    return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "id", id, "host", *host ? host : "unknown",
                     "pid", (json_int_t)getpid(), "since", (json_int_t)(clock_agreed_ms() / 1000),
                     "wants", all_wants(pipeline, desired), "turns", turns_after(before));
}

size_t claim_turns(const json_t *claim, const char *id)
{
    int64_t now_s = clock_agreed_ms() / 1000;
    const json_t *turn;
    size_t count = 0, i;

    json_array_foreach(json_object_get(claim, "turns"), i, turn) {
        const char *each = json_text(turn, "id");

        count += each && !strcmp(each, id) &&
                 json_integer_value(json_object_get(turn, "since")) > now_s - TURNS_S;
    }
    return count;
}

/* ---- as it lies there ---- */

static bool is_claim(const json_t *claim)
{
    const json_t *wants = json_object_get(claim, "wants"), *since = json_object_get(claim, "since");
    const json_t *turns = json_object_get(claim, "turns");

    return json_text(claim, "id") && json_text(claim, "host") &&
           json_is_integer(json_object_get(claim, "pid")) && json_is_integer(since) &&
           json_integer_value(since) >= 0 && json_integer_value(since) < 253402300800 &&
           (json_is_object(wants) || json_is_null(wants)) && (!turns || json_is_array(turns));
}

int claim_of(const json_t *document, const json_t **claim, struct err *e)
{
    *claim = json_object_get(document, "spec");
    if (!*claim || is_claim(*claim))
        return 0;
    *claim = NULL;
    return err_set(e, ERR_INVALID,
                   "what says which spec was put in force last, beside the pauses, is damaged: "
                   "bring it back from a version or copy of the bucket, or remove it by hand");
}

json_t *claim_document(const json_t *document, const json_t *claim)
{
    json_t *fresh = document ? json_copy((json_t *)document)
                             : json_pack("{s:s, s:[]}", "format_version", "1.0", "pauses");

    if (claim)
        json_object_set(fresh, "spec", (json_t *)claim);
    return fresh;
}

char *claim_text(const json_t *claim)
{
    char since[TIMESTAMP_ROOM];

    timestamp_text(json_integer_value(json_object_get(claim, "since")), since);
    return printable_line(mem_printf("spec %s, put in force %s by %s (process %lld)",
                                     json_text(claim, "id"), since, json_text(claim, "host"),
                                     (long long)json_integer_value(json_object_get(claim, "pid"))));
}

/* ---- what it wants otherwise ---- */

/* What the claim wants of a resource; NULL: it does not decide that. */
static const json_t *wanted_by(const json_t *claim, const struct manifest_resource *resource)
{
    return json_object_get(json_object_get(claim, "wants"), resource->id);
}

json_t *claim_contested(const json_t *claim, const struct manifest_resource *resource,
                        const json_t *desired)
{
    const json_t *theirs = wanted_by(claim, resource);
    bool unknown = json_is_null(json_object_get(claim, "wants"));
    json_auto_t *ours = wants_of(resource, desired);
    json_t *fields = json_array(), *hash;
    const char *name;

    json_object_foreach(ours, name, hash)
        if (unknown ||
            (json_object_get(theirs, name) && !json_equal(json_object_get(theirs, name), hash)))
            json_array_append_new(fields, json_string(name));
    return fields;
}

bool claim_contests_presence(const json_t *claim, const struct manifest_resource *resource)
{
    const json_t *theirs = wanted_by(claim, resource);

    return theirs && resource->absent != (json_object_get(theirs, "ensure") != NULL);
}

/* What billingd's own work costs in instructions: each part in a function of its own, for callgrind
 * to count (tests/unit/test_instructions.py, by the budgets of instructions.json).
 *
 *     valgrind --tool=callgrind build/release/tests/instructions
 *
 * Nothing here asks a clock or the network, so the counts vary with the compiler and the libraries
 * alone. */
#include "aws/codec/codec.h"
#include "aws/sigv4.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/secret/secret.h"
#include "base/str.h"
#include "billing/audit/audit_private.h"
#include "billing/prices/rating.h"
#include "plan/plan.h"
#include "resources/value.h"
#include "spec/manifest.h"

#include <stdlib.h>
#include <string.h>

enum {
    SIGNED = 50,     /* requests */
    KEYS = 1000,     /* of one page of S3's list */
    LOOKS = 10,      /* at each resource of a pipeline */
    CUSTOMERS = 100, /* with ROUTES lines each */
    ROUTES = 100,
    HOURS = 72 + 31 * 24 + 24, /* of a month's audit, and around it */
};

#define PART __attribute__((noinline)) static void

static void *must(void *made)
{
    if (!made)
        abort();
    return made;
}

/* ---- sign ---- */

PART instructions_sign(void)
{
    const struct sigv4_scope scope = {"eu-central-1", "s3", 1761955200, false, false, true, NULL};
    struct aws_credentials owner = {.derived = mem_new(sizeof *owner.derived)};
    const struct sigv4_secrets secrets = {"AKIDEXAMPLE", "secret", "token", owner.derived};

    for (int i = 0; i < SIGNED; i++) {
        struct aws_message message = {.method = "GET"};

        message.path = mem_text("/bucket");
        message.query = mem_text("encoding-type=url&list-type=2&prefix=access-logs%2F");
        aws_message_add_header(&message, "X-Amz-Expected-Bucket-Owner", "123456789012");
        sigv4_sign(&scope, &secrets, "s3.eu-central-1.amazonaws.com", &message);
        aws_message_fini(&message);
    }
    aws_credentials_fini(&owner);
}

/* ---- parse ---- */

static struct str page;

static void make_page(void)
{
    str_add(&page, "<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated>");
    for (int i = 0; i < KEYS; i++)
        str_addf(&page,
                 "<Contents><Key>access-logs/year=2025/month=10/day=31/hour=%02d/f-1-2025-10-31-"
                 "%02d-00-00-%08d-0000-4000-8000-000000000000.gz</Key><LastModified>"
                 "2025-10-31T12:00:00.000Z</LastModified><ETag>&quot;%032d&quot;</ETag><Size>131072"
                 "</Size><StorageClass>STANDARD</StorageClass></Contents>",
                 i / 42, i / 42, i, i);
    str_add(&page, "</ListBucketResult>");
}

PART instructions_parse(void)
{
    struct aws_operation operation;
    struct aws_header type = {"Content-Type", "application/xml"};
    const struct aws_raw_reply reply = {200, &type, 1, page.data, page.len};
    struct aws_error error = {0};
    json_t *result = NULL;

    if (!aws_model_operation(must((void *)aws_model("s3")), "ListObjectsV2", &operation) ||
        codec_decode(&operation, &reply, &result, &error))
        abort();
    json_decref(result);
}

/* ---- a pipeline: diff and plan ---- */

static struct manifest *manifest;
static json_t *desired, *observed, *facts;
static char *document; /* what is desired */

/* The shipped spec, and the same pipeline with every text changed. */
static json_t *changed(const json_t *value)
{
    const char *key;
    json_t *copy, *member;
    size_t i;

    if (json_is_string(value))
        return json_sprintf("%s-x", json_string_value(value));
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach((json_t *)value, i, member)
            json_array_append_new(copy, changed(member));
        return copy;
    }
    if (!json_is_object(value))
        return json_incref((json_t *)value);
    copy = json_object();
    json_object_foreach((json_t *)value, key, member)
        json_object_set_new(copy, key, changed(member));
    return copy;
}

static void make_pipeline(void)
{
    struct problems problems = {0};

    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    setenv("BILLING_ACCOUNT_ID", "123456789012", 1);
    setenv("BILLING_API_NAME", "ddn-api", 1);
    setenv("BILLING_S3_BUCKET", "ddn-logs", 1);
    manifest = must(manifest_load("billing.yaml", &problems));
    facts = json_pack("{s:s, s:s, s:s, s:s}", "partition", "aws", "region", "eu-central-1",
                      "account", "123456789012", "pipeline", "ddn-api");
    desired = must(manifest_resolve(&manifest->pipelines[0], facts));
    observed = changed(desired);
    document = json_canonical(desired);
    problems_fini(&problems);
}

PART instructions_diff(void)
{
    for (int look = 0; look < LOOKS; look++)
        for (size_t i = 0; i < manifest->pipelines[0].resource_count; i++) {
            const struct kind *kind = manifest->pipelines[0].resources[i].kind;
            json_auto_t *differences = json_array();

            for (const struct field *field = kind->fields; field->name; field++)
                value_differences(
                    field, json_object_get(json_array_get(desired, i), field->name),
                    json_object_get(json_array_get(look % 2 ? observed : desired, i), field->name),
                    differences);
        }
}

PART instructions_plan(void)
{
    json_auto_t *nothing = json_object();

    for (int look = 0; look < LOOKS; look++)
        for (size_t i = 0; i < manifest->pipelines[0].resource_count; i++) {
            const struct scope scope = {
                .kind = manifest->pipelines[0].resources[i].kind,
                .desired = json_array_get(desired, i),
                .observed = look % 2 ? NULL : json_array_get(desired, i),
                .document = look % 2 ? NULL : nothing,
                .replies = nothing,
                .facts = facts,
            };
            struct plan plan;

            plan_make(&scope, false, NULL, NULL, &plan);
            plan_fini(&plan);
        }
}

/* ---- tell ---- */

/* Each text, and all of them as one. */
PART instructions_tell(void)
{
    json_auto_t *told = json_with_texts(desired, secret_hide_known);
    cleanup_free char *line = secret_hide(document);

    if (!json_equal(told, desired) || strcmp(line, document) != 0)
        abort();
}

/* ---- rate ---- */

static void refuse(void *arg, const char *path, const char *problem)
{
    (void)arg, (void)path, (void)problem;
    abort();
}

PART instructions_rate(void)
{
    const struct day_span days = {{2025, 10, 1}, {2025, 10, 31}};
    json_auto_t *section =
        must(json_pack("{s:s, s:s, s:[{s:s, s:s, s:s, s:s, s:[{s:s, s:b}]}]}", "time_zone", "UTC",
                       "currency", "USD", "prices", "from", "2020-01-01", "call", "0.001", "gib",
                       "0.10", "free_calls", "1000", "rules", "status", "5xx", "bill", 0));
    struct price_book *book;
    struct rating *rating;
    struct err e = {0};

    if (price_book_check(section, refuse, NULL))
        abort();
    book = price_book_new(section);
    rating = rating_new(book, days);
    for (int customer = 0; customer < CUSTOMERS; customer++)
        for (int route = 0; route < ROUTES; route++) {
            char sub[32], name[32];

            (void)snprintf(sub, sizeof sub, "customer-%05d", customer);
            (void)snprintf(name, sizeof name, "GET /items/%d", route);
            if (rating_add(rating,
                           &(struct usage_line){.sub = sub,
                                                .user = sub,
                                                .route = name,
                                                .status = route % 5 ? "200" : "500",
                                                .calls = 1000,
                                                .bytes = 1 << 20},
                           &e))
                abort();
        }
    json_decref(must(rating_end(rating, &e)));
    price_book_free(book);
}

/* ---- audit ---- */

/* Every fifth hour a part of the events came in one of the twelve behind it, and every eleventh
 * lost some. */
PART instructions_audit(void)
{
    cleanup_free struct audit_hour *hours = mem_new((HOURS + 13) * sizeof *hours);
    const int64_t events = 134408; /* 10^8 in a month */
    struct audit audit = {
        .hours = hours, .count = HOURS, .first = 72, .last = HOURS - 24, .later = 72};

    for (int64_t i = 0; i < HOURS; i++) {
        int64_t late = i % 5 ? 0 : events / 3, lost = i % 11 ? 0 : events / 100;

        hours[i].hour_s = i * AUDIT_HOUR_S;
        hours[i].made = hours[i].logged = events - lost;
        for (size_t hop = 0; hop < AUDIT_DELIVERED; hop++)
            hours[i].hops[hop] = events;
        hours[i].hops[AUDIT_DELIVERED] += events - lost - late;
        hours[i + i % 12 + 1].hops[AUDIT_DELIVERED] += late;
        hours[i + i % 12 + 1].late += late;
    }
    for (int i = 0; i < HOURS; i++)
        hours[i].lines = hours[i].unique = hours[i].hops[AUDIT_DELIVERED];
    audit_ladder(&audit);
    json_decref(audit_ladder_gaps(&audit));
    json_decref(audit_ladder_totals(&audit));
}

int main(void)
{
    make_page();
    make_pipeline();
    instructions_sign();
    instructions_parse();
    instructions_diff();
    instructions_plan();
    instructions_tell();
    instructions_rate();
    instructions_audit();
    str_fini(&page);
    free(document);
    json_decref(desired);
    json_decref(observed);
    json_decref(facts);
    manifest_free(manifest);
    return 0;
}

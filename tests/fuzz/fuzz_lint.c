/* Lints over documents as AWS could have them: [[kind, {field: value}], ...], any values.  Each is
 * told at most once for a resource, on one line, and twice the same way. */
#include "fuzz.h"

#include "base/json.h"
#include "resources/registry.h"
#include "spec/lint/lint.h"

#include <string.h>

enum { MOST = 16 };

struct heard {
    size_t count, total;
    const struct lint_subject *subject;
};

static void on_finding(void *arg, const struct lint_finding *finding)
{
    struct heard *heard = arg;

    heard->count++;
    must(finding->lint && *finding->lint->code && finding->field);
    must(finding->resource >= heard->subject->resources &&
         finding->resource < heard->subject->resources + heard->subject->count);
    must(*finding->text && strlen(finding->text) < 4096);
}

static void add(struct lint_subject *subject, const json_t *item)
{
    const char *name = json_string_value(json_array_get(item, 0));
    const struct kind *kind = name ? registry_find(name) : NULL;
    const json_t *values = json_array_get(item, 1);

    if (kind && json_is_object(values))
        lint_subject_add(subject, name, kind, values);
}

FUZZ_TARGET(lint)
{
    struct fuzz_input input = {data, size};
    json_auto_t *list = fuzz_json(&input);
    json_auto_t *facts = json_pack("{s:s, s:s, s:s}", "account", "123456789012", "region",
                                   "ap-northeast-2", "partition", "aws");
    struct lint_subject subject = {.facts = facts, .pipeline = "shop", .year = 2025};
    struct heard first = {.subject = &subject}, second = {.subject = &subject};

    for (size_t i = 0; i < json_array_size(list) && i < MOST; i++)
        add(&subject, json_array_get(list, i));
    lint_run(&subject, on_finding, &first);
    lint_run(&subject, on_finding, &second);
    must(first.count == second.count);
    lint_subject_fini(&subject);
}

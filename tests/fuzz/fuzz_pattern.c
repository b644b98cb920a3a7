/* Patterns and names, in bounded time: those of AWS's models, of IAM, prefixes of Firehose, paths
 * under `ignore`, types, policies.  What is the same is the same as itself, in either order.  Four
 * texts with a NUL behind each. */
#include "fuzz.h"

#include "aws/codec/pattern.h"
#include "base/firehose_prefix.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/object_key.h"
#include "base/str.h"
#include "resources/column_type.h"
#include "resources/ignore.h"
#include "resources/policy.h"
#include "resources/registry.h"
#include "resources/view_type.h"
#include "spec/lint/lint_statement.h"

#include <string.h>

enum { NOW = 1761868800, HOUR = 3600 };

static void check_prefix(const char *prefix, const char *zone)
{
    cleanup_free char *fixed = firehose_prefix_fixed(prefix), *at = NULL, *day = NULL;
    cleanup_free char *folder = firehose_prefix_folder(prefix);

    must(!strncmp(fixed, folder, strlen(folder)));
    must(!strncmp(prefix, fixed, strlen(fixed)));
    at = firehose_prefix_at(prefix, NOW, zone);
    must(!at || !strncmp(at, folder, strlen(folder)));
    day = firehose_prefix_of_day(prefix, NOW);
    at = (free(at), firehose_prefix_at(prefix, NOW, NULL));
    must(!at || !strncmp(at, day, strlen(day)));
}

static void check_types(const char *a, const char *b)
{
    cleanup_free char *trino = view_type_from_hive(a);

    must(trino && column_type_same(a, a));
    must(column_type_same(a, b) == column_type_same(b, a));
}

static void check_paths(const char *path, const char *difference)
{
    json_auto_t *paths = json_pack("[s]", path);

    for (size_t i = 0; registry_kinds[i]; i++) {
        cleanup_free char *problem = ignore_problem(registry_kinds[i], path);

        must(problem || *path); /* a field, or a member that is drift */
    }
    must(!paths || ignore_covers(paths, path));
    if (paths)
        (void)ignore_covers(paths, difference);
}

static void check_policies(const char *one, const char *other)
{
    json_auto_t *wire = json_string(one), *more = json_string(other);
    json_auto_t *a = wire ? policy_parse(wire) : NULL, *b = more ? policy_parse(more) : NULL;
    json_auto_t *statements = a ? policy_statements(a) : NULL;

    if (!a)
        return;
    must(json_is_object(a) && json_is_array(statements) && policy_same(a, a));
    must(!b || policy_same(a, b) == policy_same(b, a));
    (void)lint_statement_grants(a, "s3:GetObject", "arn:aws:s3:::b/k");
}

FUZZ_TARGET(pattern)
{
    struct fuzz_input input = {data, size};
    cleanup_free char *one = fuzz_text(&input), *two = fuzz_text(&input);
    cleanup_free char *three = fuzz_text(&input), *four = fuzz_text(&input);
    const char *problem = object_key_problem(one);

    must(!problem || *problem);
    if (size < 4096 && str_is_utf8(two, strlen(two))) {
        (void)pattern_matches("^[a-z]([a-z0-9_-]*[a-z0-9])*$", two);
        (void)pattern_matches("(\\w+\\s?)*(arn:[^:]+:)*", two);
    }
    must(lint_statement_matches("*", two) && lint_statement_matches(two, two));
    (void)lint_statement_matches(one, two);
    check_prefix(one, two);
    check_types(one, two);
    if (str_is_utf8(one, strlen(one)))
        check_paths(one, two);
    check_policies(three, four);
}

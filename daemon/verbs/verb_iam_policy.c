/* verb_iam_policy.c -- what billingd must be allowed to do for this spec, and nothing more. */
#include "base/json.h"
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "permissions/iam_policy.h"
#include "permissions/iam_policy_boundary.h"
#include "permissions/iam_policy_split.h"

#include <stdlib.h>
#include <string.h>

/* What --for names; all when it is not given; 0, told, when it is none. */
static unsigned read_uses(const char *name)
{
    static const struct {
        const char *name;
        unsigned use;
    } known[] = {{"plan", IAM_POLICY_PLAN},   {"apply", IAM_POLICY_APPLY},
                 {"run", IAM_POLICY_RUN},     {"bill", IAM_POLICY_BILL},
                 {"close", IAM_POLICY_CLOSE}, {"cost", IAM_POLICY_PLAN | IAM_POLICY_COST}};

    if (!name)
        return IAM_POLICY_ALL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].name, name))
            return known[i].use;
    (void)fprintf(stderr, "billingd: --for '%s': choose plan, apply, run, bill, close or cost\n",
                  name);
    return 0;
}

/* What --split names; 0, told, when it is no number of policies. */
static size_t read_count(const char *text)
{
    size_t count = 0;

    if (strspn(text, "0123456789") == strlen(text) && strlen(text) < 4)
        count = (size_t)strtoul(text, NULL, 10);
    if (count >= 1 && count <= IAM_POLICY_SPLIT_MOST)
        return count;
    (void)fprintf(stderr, "billingd: --split '%s': choose a number from 1 to %d\n", text,
                  IAM_POLICY_SPLIT_MOST);
    return 0;
}

static void tell_size(const json_t *policy)
{
    size_t least = iam_policy_split_least(policy);

    (void)fprintf(stderr,
                  "billingd: this policy has %zu characters; a managed policy holds %d, an inline "
                  "one of a role %d",
                  iam_policy_split_size(policy), IAM_POLICY_SPLIT_MANAGED, IAM_POLICY_SPLIT_INLINE);
    if (least)
        (void)fprintf(stderr, ": --split %zu makes managed policies of it", least);
    (void)fputs("; --for VERB asks for less\n", stderr);
}

/* One document; with --split several are an array of them. */
static int print(const json_t *policy, size_t count)
{
    json_auto_t *documents = count ? iam_policy_split(policy, count) : NULL;

    if (!documents && iam_policy_split_size(policy) > IAM_POLICY_SPLIT_MANAGED)
        tell_size(policy);
    if (!documents && count)
        return EXIT_FAILED;
    if (count > 1)
        policy = documents;
    return json_view_print(policy) ? EXIT_FAILED : EXIT_DONE;
}

/* Of a spec whose roles nothing bounds. */
static void tell_no_boundary(bool written)
{
    (void)fputs(written ? "warning: the spec has no `boundary`, and --without-boundary was given: "
                          "whoever holds this policy may give a role any permission, and so "
                          "become administrator"
                        : "warning: the spec has no `boundary`, so this policy lets nobody make "
                          "or change its roles: who may do that could become administrator. Make "
                          "the policy that `billingd iam-policy --boundary` prints, name it as "
                          "`boundary`, and print this one again; or have an administrator make the "
                          "roles (`billingd apply`)",
                stderr);
    (void)fputs("; docs/security.md has the steps\n", stderr);
}

int verb_iam_policy(const struct options *options)
{
    unsigned uses = read_uses(options->for_use);
    size_t count = options->split ? read_count(options->split) : 0;
    struct manifest *manifest;
    json_auto_t *policy = NULL;
    int code;

    if (!uses || (options->split && !count))
        return EXIT_BAD_USAGE;
    manifest = spec_load_strictly(options, &code);
    if (!manifest)
        return code;
    if (options->without_boundary)
        uses |= IAM_POLICY_UNBOUNDED;
    policy = options->boundary ? iam_policy_boundary(manifest) : iam_policy(manifest, uses);
    if (!options->boundary && (uses & (IAM_POLICY_APPLY | IAM_POLICY_RUN)) &&
        iam_policy_boundary_lacks(manifest))
        tell_no_boundary(options->without_boundary);
    manifest_free(manifest);
    return print(policy, count);
}

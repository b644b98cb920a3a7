/* lint_access.c -- BL6xx: permissions that let strangers in, do nothing, or take away what delivery
 * and queries need.
 *
 * Sources: "Enable logging from AWS services" (CloudWatch Logs), "The confused deputy problem",
 * "Policy evaluation logic" and "Permissions boundaries" (IAM), "Grant Firehose access to an Amazon
 * S3 destination" (Firehose). */
#include "spec/lint/lint_path.h"
#include "spec/lint/lint_rule.h"
#include "spec/lint/lint_statement.h"

#include "base/json.h"
#include "base/mem.h"
#include "resources/simulation.h"

#include <string.h>
#include <strings.h>

/* Whether a Service principal (text or list) holds more than name; *other: what else. */
static bool has_other_service(const json_t *principal, const char *name, const char **other)
{
    const json_t *service = json_object_get(principal, "Service"), *item;
    size_t i;

    if (json_is_string(service)) {
        *other = json_string_value(service);
        return strcmp(*other, name) != 0;
    }
    json_array_foreach(service, i, item) {
        *other = json_string_value(item);
        if (*other && strcmp(*other, name) != 0)
            return true;
    }
    *other = "no service";
    return !service;
}

static bool find_wrong_service(struct lint_look *look)
{
    const json_t *statement;
    const char *other;
    size_t i;

    json_array_foreach(json_object_get(look->values, "statements"), i, statement) {
        if (has_other_service(json_object_get(statement, "Principal"),
                              "delivery.logs.amazonaws.com", &other))
            return lint_rule_say(look, "%s", other);
    }
    return false;
}

static bool is_guarded(const json_t *statement)
{
    cleanup_free char *condition =
        json_dumps(json_object_get(statement, "Condition"), JSON_COMPACT | JSON_ENCODE_ANY);

    return condition && (strcasestr(condition, "\"aws:SourceAccount\"") ||
                         strcasestr(condition, "\"aws:SourceArn\"") ||
                         strcasestr(condition, "\"sts:ExternalId\""));
}

static bool is_open(const json_t *statement)
{
    const char *effect = json_text(statement, "Effect");

    return effect && strcmp(effect, "Allow") == 0 &&
           json_object_get(json_object_get(statement, "Principal"), "Service") &&
           !is_guarded(statement);
}

static bool find_open_trust(struct lint_look *look)
{
    const json_t *statements = json_at(look->values, "trust.Statement"), *statement;
    size_t i;

    if (json_is_object(statements))
        return is_open(statements);
    json_array_foreach(statements, i, statement) {
        if (is_open(statement))
            return true;
    }
    return false;
}

/* The account in an ARN, or "" with its length 0. */
static const char *account_in(const char *arn, size_t *length)
{
    for (size_t colons = 0; arn && colons < 4; colons++) {
        arn = strchr(arn, ':');
        arn = arn ? arn + 1 : NULL;
    }
    *length = arn ? strcspn(arn, ":") : 0;
    return arn ? arn : "";
}

/* Whether a principal of a statement is the role, its account or everybody. */
static bool is_principal(const char *principal, const char *role)
{
    size_t length, length_of_role;
    const char *account = account_in(principal, &length);
    const char *mine = account_in(role, &length_of_role);
    bool root = length && strcmp(account + length, ":root") == 0;

    if (!root) {
        account = principal;
        length = strlen(principal);
    }
    return strcmp(principal, "*") == 0 || strcmp(principal, role) == 0 ||
           (length && length == length_of_role && strncmp(account, mine, length) == 0);
}

static const char *denied_principal(const json_t *statement, const char *role)
{
    const json_t *principal = json_object_get(statement, "Principal");
    const json_t *not_principal = json_object_get(statement, "NotPrincipal");

    if (json_is_object(not_principal))
        return lint_statement_any(json_object_get(not_principal, "AWS"), is_principal, role) ? NULL
                                                                                             : "*";
    return lint_statement_any(json_is_object(principal) ? json_object_get(principal, "AWS")
                                                        : principal,
                              is_principal, role);
}

/* Whether a resource pattern holds objects below path ("bucket/prefix/"). */
static bool is_for_path(const char *resource, const char *path)
{
    const char *name = strstr(resource, ":::");
    size_t literal;
    cleanup_free char *begin = NULL;

    name = name ? name + 3 : resource;
    literal = strcspn(name, "*?");
    begin = mem_text_n(name, literal);
    return name[literal] && lint_path_nested(begin, path);
}

static bool is_resource(const json_t *statement, const char *path)
{
    const json_t *not_resource = json_object_get(statement, "NotResource");

    return not_resource ? !lint_statement_any(not_resource, is_for_path, path)
                        : lint_statement_any(json_object_get(statement, "Resource"), is_for_path,
                                             path) != NULL;
}

/* Whether a condition of the statement never holds for the role: it comes by TLS, and from its own
 * account. */
static bool is_harmless(const json_t *statement, const char *role)
{
    size_t length;
    const char *account = account_in(role, &length);
    cleanup_free char *own = mem_text_n(account, length);
    const char *operator, * key;
    json_t *keys, *value;

    json_object_foreach(json_object_get(statement, "Condition"), operator, keys) {
        bool negated = strcasestr(operator, "Not") != NULL;

        json_object_foreach(keys, key, value) {
            if (!strcasecmp(key, "aws:SecureTransport") &&
                (json_is_false(value) ||
                 lint_statement_any(value, lint_statement_matches, "false")))
                return true;
            if (negated && !strcasecmp(key, "aws:PrincipalArn") &&
                lint_statement_any(value, lint_statement_matches, role))
                return true;
            if (negated && strcasestr(key, "Account") &&
                lint_statement_any(value, lint_statement_matches, own))
                return true;
        }
    }
    return false;
}

static bool denies(struct lint_look *look, const json_t *statement, const json_t *stream)
{
    const char *effect = json_text(statement, "Effect"), *role = json_text(stream, "role");
    const char *sid = json_text(statement, "Sid"), *who;
    cleanup_free char *path = lint_path_of_stream(stream);

    if (!effect || strcmp(effect, "Deny") != 0 || !role || !path ||
        !lint_statement_is_for(statement, "s3:PutObject") || !is_resource(statement, path) ||
        is_harmless(statement, role) || !(who = denied_principal(statement, role)))
        return false;
    return lint_rule_say(look, "statement \"%s\" for %s%s", sid ? sid : "", who,
                         json_object_get(statement, "Condition") ? ", when its condition holds"
                                                                 : "");
}

static bool find_denied(struct lint_look *look)
{
    cleanup_free char *begin = mem_printf("%s/", lint_subject_name(look->values));
    const json_t *stream, *statement;
    bool found = false;
    size_t k;

    for (size_t i = 0; (stream = lint_subject_next(look->subject, PART_DELIVERY, &i));) {
        cleanup_free char *path = lint_path_of_stream(stream);

        if (!path || strncmp(path, begin, strlen(begin)) != 0)
            continue;
        json_array_foreach(json_object_get(look->values, "policy"), k, statement) {
            found = denies(look, statement, stream) || found;
        }
    }
    return found;
}

static bool find_boundary(struct lint_look *look)
{
    const char *boundary = json_text(look->values, "boundary");

    return boundary && lint_rule_say(look, "%s", boundary);
}

/* ---- what all policies of a role do together, as IAM simulates them ---- */

static const char *decision_of(const json_t *result)
{
    const char *decision = json_text(result, "EvalDecision");

    return decision ? decision : "";
}

static bool find_broad(struct lint_look *look)
{
    json_auto_t *results = simulation_results(json_object_get(look->values, "effect"));
    const json_t *result;
    size_t i;

    json_array_foreach(results, i, result) {
        const char *action = json_text(result, "EvalActionName");
        const char *resource = json_text(result, "EvalResourceName");

        if (action && !strcmp(action, "iam:CreateUser") && !strcmp(decision_of(result), "allowed"))
            return lint_rule_say(look, "it may make users: it may do everything");
        if (action && resource && !strcmp(action, "s3:DeleteObject") &&
            !strcmp(decision_of(result), "allowed") &&
            !lint_statement_grants(json_object_get(look->values, "policy"), action, resource))
            return lint_rule_say(look, "it may delete %s", resource);
    }
    return false;
}

/* The policies that decided, as IAM names them. */
static bool say_denied(struct lint_look *look, const json_t *result)
{
    const json_t *sources = json_object_get(result, "MatchedStatements");
    const char *source = json_text(json_array_get(sources, 0), "SourcePolicyId");

    return lint_rule_say(look, "%s on %s is denied by %s", json_text(result, "EvalActionName"),
                         json_text(result, "EvalResourceName"), source ? source : "one of them");
}

static bool find_denied_together(struct lint_look *look)
{
    const json_t *policy = json_object_get(look->values, "policy"), *result;
    json_auto_t *results = simulation_results(json_object_get(look->values, "effect"));
    bool found = false;
    size_t i;

    json_array_foreach(results, i, result) {
        const char *action = json_text(result, "EvalActionName");
        const char *resource = json_text(result, "EvalResourceName");
        const char *missing = simulation_missing(result);

        if (!action || !resource || !lint_statement_grants(policy, action, resource))
            continue;
        if (!strcmp(decision_of(result), "explicitDeny"))
            found = say_denied(look, result);
        else if (missing)
            found = lint_rule_say(look, "%s on %s depends on %s", action, resource, missing);
    }
    return found;
}

const struct lint lint_access[] = {
    {"BL601", "the log resource policy is for another service",
     "Subscription filters need none; API Gateway writes access logs as "
     "delivery.logs.amazonaws.com: "
     "without a statement for it no request is logged, and a wider one lets others write usage.",
     "Set Principal: {Service: delivery.logs.amazonaws.com}.", .kind = "log_resource_policy",
     .field = "statements", .find = find_wrong_service},
    {"BL602", "a role that a service may assume for anybody",
     "Somebody in another account can make the service use the role, and write usage that your "
     "customers are billed for.",
     "Add a Condition on aws:SourceAccount, aws:SourceArn or sts:ExternalId.", .kind = "iam_role",
     .field = "trust", .find = find_open_trust},
    {"BL603", "the bucket's policy denies what delivery needs",
     "Firehose cannot write its objects: it tries for 24 hours and then drops them, and their "
     "requests cannot be billed.",
     "Take the statement out, or leave the stream's role out of it.", .kind = "s3_bucket",
     .field = "policy", .find = find_denied},
    {"BL604", "a permissions boundary may take away what the role's policy gives",
     "What the boundary does not allow is refused whatever the policy says: usage is then not "
     "delivered, and after 24 hours dropped.",
     "Take the boundary off, or see that it allows every action of the role's policy.",
     .kind = "iam_role", .field = "boundary", .find = find_boundary},
    {"BL605", "policies of others let a role do more than it is for",
     "Whoever may use the role, and the service itself, may read, change and erase usage and the "
     "bills made of it.",
     "Take those policies off the role.", .kind = "iam_role", .field = "effect",
     .find = find_broad},
    {"BL606", "policies of others may deny a role what it needs",
     "A Deny wins over every Allow: Firehose drops after 24 hours what it cannot write, CloudWatch "
     "Logs skips what it cannot send, and those requests cannot be billed.",
     "Take the Deny out, or that policy off the role.", .kind = "iam_role", .field = "effect",
     .find = find_denied_together},
    {0},
};

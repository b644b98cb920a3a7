#include "guard/policy_guard.h"

#include "base/json.h"
#include "base/mem.h"
#include "resources/policy.h"

#include <string.h>
#include <strings.h>

enum { ACCOUNT_DIGITS = 12, LEAST_BITS_4 = 8, LEAST_BITS_6 = 32, MOST_BITS = 128 };

/* Passes each item of a text or list until one says true. */
static bool any(const json_t *texts, bool (*is)(const char *))
{
    const json_t *text;
    size_t i;

    if (json_is_string(texts))
        return is(json_string_value(texts));
    json_array_foreach((json_t *)texts, i, text)
        if (json_is_string(text) && is(json_string_value(text)))
            return true;
    return false;
}

/* ---- who is let in ---- */

static bool is_everybody(const char *name)
{
    return !strcmp(name, "*") || strstr(name, ":iam::*:");
}

static bool lets_everybody(const json_t *statement)
{
    const json_t *principal = json_object_get(statement, "Principal"), *names;
    const char *type;

    if (json_object_get(statement, "NotPrincipal"))
        return true;
    if (!json_is_object(principal))
        return any(principal, is_everybody);
    json_object_foreach((json_t *)principal, type, names)
        if (any(names, is_everybody))
            return true;
    return false;
}

/* An account is in it, before any wildcard. */
static bool names_account(const char *value)
{
    for (size_t run = 0; *value && *value != '*' && *value != '?'; value++) {
        run = *value >= '0' && *value <= '9' ? run + 1 : 0;
        if (run == ACCOUNT_DIGITS && (value[1] == ':' || !value[1]))
            return true;
    }
    return false;
}

static bool is_wide_pattern(const char *value)
{
    return strpbrk(value, "*?") && !names_account(value);
}

/* Wildcards of an ARN operator do not cross its colons. */
static bool is_wide_arn(const char *value)
{
    for (int colons = 0; colons < 4 && value; colons++) {
        value = strchr(value, ':');
        value = value ? value + 1 : NULL;
    }
    return !value || !names_account(value);
}

static bool is_wide_network(const char *value)
{
    const char *slash = strchr(value, '/');
    long bits = slash ? strtol(slash + 1, NULL, 10) : MOST_BITS;

    return bits < (strchr(value, ':') ? LEAST_BITS_6 : LEAST_BITS_4) || bits > MOST_BITS;
}

static bool is_listed(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (!strcasecmp(*list, name))
            return true;
    return false;
}

/* Whether a condition holds for known callers only.  An operator with IfExists holds for who sends
 * no such key, and a negative one for all but a few. */
static bool narrows(const char *operator, const char * key, const json_t *values)
{
    static const char *const equals[] = {"StringEquals", "StringEqualsIgnoreCase", NULL};
    static const char *const arns[] = {"ArnLike", "ArnEquals", NULL};
    static const char *const keys[] = {"aws:SourceAccount",
                                       "aws:SourceArn",
                                       "aws:SourceOwner",
                                       "aws:SourceOrgID",
                                       "aws:PrincipalAccount",
                                       "aws:PrincipalArn",
                                       "aws:PrincipalOrgID",
                                       "aws:SourceVpc",
                                       "aws:SourceVpce",
                                       "aws:userid",
                                       "s3:DataAccessPointAccount",
                                       "s3:DataAccessPointArn",
                                       NULL};

    if (!json_is_string(values) && !json_array_size(values))
        return false;
    if (!strcasecmp(operator, "IpAddress"))
        return !strcasecmp(key, "aws:SourceIp") && !any(values, is_wide_network);
    if (!is_listed(keys, key))
        return false;
    return is_listed(equals, operator) ||
           (!strcasecmp(operator, "StringLike") && !any(values, is_wide_pattern)) ||
           (is_listed(arns, operator) && !any(values, is_wide_arn));
}

static bool is_narrowed(const json_t *statement)
{
    const char *operator, * key;
    json_t *keys, *values;

    json_object_foreach(json_object_get(statement, "Condition"), operator, keys) {
        json_object_foreach(keys, key, values) {
            if (narrows(operator, key, values))
                return true;
        }
    }
    return false;
}

static bool is_all(const char *text)
{
    return strspn(text, "*") == strlen(text) && *text;
}

static bool is_all_of_iam(const char *action)
{
    return is_all(action) || !strcasecmp(action, "iam:*") || !strcmp(action, "*:*");
}

static bool makes_administrator(const json_t *statement)
{
    return any(json_object_get(statement, "Resource"), is_all) &&
           (any(json_object_get(statement, "Action"), is_all_of_iam) ||
            json_object_get(statement, "NotAction"));
}

static const char *problem_of(const json_t *statement)
{
    const char *effect = json_text(statement, "Effect");

    if (!effect || strcmp(effect, "Allow") != 0)
        return NULL;
    if (lets_everybody(statement) && !is_narrowed(statement))
        return "lets everybody in: name who, or add a Condition that does (aws:SourceAccount, "
               "aws:SourceArn, aws:PrincipalOrgID)";
    if (makes_administrator(statement))
        return "allows everything on everything: name actions and resources";
    return NULL;
}

/* ---- what is there already ---- */

static bool holds(const json_t *statements, const json_t *statement)
{
    const json_t *each;
    size_t i;

    json_array_foreach((json_t *)statements, i, each)
        if (json_is_object(each) && policy_statement_same(each, statement))
            return true;
    return false;
}

static bool is_there(const json_t *observed, const json_t *statement)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)observed, name, value) {
        json_auto_t *statements =
            json_is_array(value) ? json_share(value) : policy_statements(value);

        if (holds(statements, statement))
            return true;
    }
    return false;
}

/* ---- documents ---- */

static char *problem_of_list(const json_t *statements, const json_t *observed)
{
    const json_t *statement;
    size_t i;

    if (!json_array_size(statements))
        return mem_text("the policy would hold no statement");
    json_array_foreach((json_t *)statements, i, statement) {
        const char *problem = problem_of(statement), *sid = json_text(statement, "Sid");

        if (problem && !is_there(observed, statement))
            return mem_printf("statement %zu%s%s%s %s", i + 1, sid ? " (" : "", sid ? sid : "",
                              sid ? ")" : "", problem);
    }
    return NULL;
}

static char *problem_of_document(const json_t *text, const json_t *observed)
{
    json_auto_t *document = policy_parse(text), *statements = policy_statements(document);

    return document ? problem_of_list(statements, observed) : mem_text("it is no policy");
}

/* "policyDocument", "Policy": whatever a service calls it. */
static bool is_policy_member(const char *name, const json_t *params)
{
    const char *attribute = json_text(params, "AttributeName");

    if (!strcmp(name, "AttributeValue"))
        return attribute && !strcmp(attribute, "Policy");
    return !strcmp(name, "Policy") || !strcasecmp(name, "policyDocument") ||
           !strcmp(name, "AssumeRolePolicyDocument");
}

static char *problem_of_params(const json_t *params, const json_t *observed)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)params, name, value) {
        char *problem = NULL;

        if (is_policy_member(name, params))
            problem = problem_of_document(value, observed);
        else if (json_is_object(value))
            problem = problem_of_params(value, observed);
        if (problem)
            return problem;
    }
    return NULL;
}

/* ---- the block of public access ---- */

static char *loosened(const struct scope *scope, const json_t *params)
{
    const json_t *have = json_object_get(scope->observed, "public_access_block");
    const json_t *want = json_object_get(scope->desired, "public_access_block");
    const json_t *sent = json_object_get(params, "PublicAccessBlockConfiguration");
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)have, name, value)
        if (json_is_true(value) && !json_is_true(json_object_get(sent, name)) &&
            !json_is_false(json_object_get(want, name)))
            return mem_printf("%s would be switched off, and the spec does not say so", name);
    return NULL;
}

char *policy_guard_call(const struct scope *scope, const struct call *call, const json_t *params)
{
    cleanup_free char *problem = NULL;

    if (!params)
        return NULL; /* not known yet: it is planned anew before it is sent */
    problem = !strcmp(call->op, "PutPublicAccessBlock")
                  ? loosened(scope, params)
                  : problem_of_params(params, scope->observed);
    return problem ? mem_printf("%s is not sent: %s", call->op, problem) : NULL;
}

char *policy_guard_field(const struct field *field, const json_t *value)
{
    if (!value || (field->type != FIELD_POLICY && field->type != FIELD_STATEMENTS))
        return NULL;
    if (field->type == FIELD_STATEMENTS)
        return json_array_size(value) ? problem_of_list(value, NULL) : NULL;
    return problem_of_document(value, NULL);
}

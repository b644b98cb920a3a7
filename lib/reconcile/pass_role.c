#include "reconcile/pass_role.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

struct pass_role {
    struct aws_client *client;
    struct aws_session *session;
    char *principal; /* ARN of a user, group or role */
    json_t *wanted, *warnings, *denials;
    size_t next;
    struct aws_call *call;
    pass_role_fn *done;
    void *arg;
};

static void simulate_next(struct pass_role *check);

static void finish(struct pass_role *check)
{
    check->done(check->arg, check->warnings, check->denials);
}

static void warn(struct pass_role *check, json_t *text)
{
    json_array_append_new(check->warnings, text);
}

/* Not being allowed to ask says nothing about being allowed to pass. */
static void judge(struct pass_role *check, const struct aws_reply *reply)
{
    const json_t *wanted = json_array_get(check->wanted, check->next);
    const json_t *result = json_at(reply->result, "EvaluationResults[]");
    const char *decision = json_text(result, "EvalDecision");

    if (!reply->result) {
        warn(check, json_sprintf("could not check iam:PassRole (%s: %s); going on without",
                                 reply->error.code, reply->error.message));
        check->next = json_array_size(check->wanted);
        return;
    }
    if (json_array_size(json_object_get(result, "MissingContextValues")) || !decision ||
        !strcmp(decision, "allowed"))
        return;
    json_array_append_new(
        check->denials,
        json_sprintf(
            "%s may not do iam:PassRole with %s to %s (IAM's simulation: %s): allow it, see "
            "`billingd iam-policy`",
            check->principal, json_text(wanted, "role"), json_text(wanted, "service"), decision));
}

static void on_simulated(void *arg, const struct aws_reply *reply)
{
    struct pass_role *check = arg;

    check->call = NULL;
    judge(check, reply);
    check->next++;
    simulate_next(check);
}

static void simulate_next(struct pass_role *check)
{
    const json_t *wanted = json_array_get(check->wanted, check->next);
    json_auto_t *params = NULL;

    if (!wanted) {
        finish(check);
        return;
    }
    params =
        json_pack("{s:s, s:[s], s:[O], s:[{s:s, s:s, s:[O]}]}", "PolicySourceArn", check->principal,
                  "ActionNames", "iam:PassRole", "ResourceArns", json_object_get(wanted, "role"),
                  "ContextEntries", "ContextKeyName", "iam:PassedToService", "ContextKeyType",
                  "string", "ContextKeyValues", json_object_get(wanted, "service"));
    check->call = aws_client_send(
        check->client,
        &(struct aws_request){check->session, "iam", "SimulatePrincipalPolicy", params},
        on_simulated, check);
}

static void on_role(void *arg, const struct aws_reply *reply)
{
    struct pass_role *check = arg;
    const char *arn = json_string_value(json_at(reply->result, "Role.Arn"));

    check->call = NULL;
    if (arn) {
        free(check->principal);
        check->principal = mem_text(arn);
        simulate_next(check);
        return;
    }
    warn(check, json_sprintf("could not check iam:PassRole: GetRole of the caller's role: %s: %s",
                             reply->error.code, reply->error.message));
    finish(check);
}

/* The session ARN has no path, so the role's real ARN is asked for, never put together. */
static bool ask_for_role(struct pass_role *check, const char *caller_arn)
{
    const char *name = strstr(caller_arn, ":assumed-role/");
    json_auto_t *params = NULL;

    if (!name)
        return false;
    name += strlen(":assumed-role/");
    params = json_pack("{s:s%}", "RoleName", name, strcspn(name, "/"));
    check->call = aws_client_send(check->client,
                                  &(struct aws_request){check->session, "iam", "GetRole", params},
                                  on_role, check);
    return true;
}

struct pass_role *pass_role_start(struct aws_client *client, const struct pass_role_wish *wish)
{
    struct pass_role *check = mem_new(sizeof *check);
    const char *caller_arn = wish->caller_arn;
    size_t n = strlen(caller_arn);

    *check = (struct pass_role){
        .client = client,
        .session = wish->session,
        .principal = mem_text(caller_arn),
        .wanted = wish->wanted,
        .warnings = json_array(),
        .denials = json_array(),
        .done = wish->done,
        .arg = wish->arg,
    };
    if ((n > 5 && !strcmp(caller_arn + n - 5, ":root")) || strstr(caller_arn, ":federated-user/")) {
        warn(check, json_sprintf("iam:PassRole cannot be checked beforehand for %s", caller_arn));
        json_array_clear(check->wanted);
    }
    if (!ask_for_role(check, caller_arn))
        simulate_next(check);
    return check;
}

void pass_role_free(struct pass_role *check)
{
    if (!check)
        return;
    aws_call_cancel(check->call);
    json_decref(check->wanted);
    json_decref(check->warnings);
    json_decref(check->denials);
    free(check->principal);
    free(check);
}

#include "reconcile/pass_role.h"

#include "aws/page_tokens.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/simulation.h"

#include <string.h>

enum { ALLOWED_FOR_MS = 15 * 60 * 1000, MORE_PAGES = 50 };

/* "principal action resource" -> until when it is not asked again (monotonic); nothing is kept of a
 * denial, so that who mends it is believed at once. */
static json_t *allowed_until;

struct pass_role {
    struct aws_client *client;
    struct aws_session *session;
    char *principal; /* ARN of a user, group or role */
    json_t *wanted, *warnings, *denials;
    json_t *needs; /* not asked yet */
    json_t *asked; /* of one service, and */
    json_t *found; /* what came of it: "action resource" -> result (simulation.h) */
    json_t *lacks;
    struct str unknown; /* what it does not tell, for people */
    char *marker;       /* of the next page; NULL: the first */
    struct page_tokens tokens;
    size_t next;
    struct aws_call *call;
    pass_role_fn *done;
    void *arg;
};

static void simulate_next(struct pass_role *check);

/* All that is missing, in one sentence; new text, NULL: nothing is. */
static char *lacks_text(const struct pass_role *check)
{
    struct str text = {0};
    const char *name;
    json_t *need;

    json_object_foreach(check->lacks, name, need)
        str_addf(&text, "%s%s on %s", text.len ? "; " : "", json_text(need, "action"),
                 json_string_value(json_array_get(json_object_get(need, "resources"), 0)));
    if (text.len) {
        cleanup_free char *list = str_take(&text);

        str_addf(&text,
                 "%s may not do what the plan needs, by IAM's simulation: %s: allow it, see "
                 "`billingd iam-policy`%s",
                 check->principal, list,
                 strstr(list, "iam:") ? ", writes of roles only with a `boundary` "
                                        "(docs/security.md)"
                                      : "");
    }
    return text.len ? str_take(&text) : NULL;
}

/* The same for each resource: the whole is told once. */
static char *lacks_brief(const struct pass_role *check)
{
    json_t *first = json_object_iter_value(json_object_iter(check->lacks));
    size_t count = json_object_size(check->lacks);

    return first ? mem_printf("%s%s is not allowed, by IAM's simulation: see the warning",
                              json_text(first, "action"), count > 1 ? " and more" : "")
                 : NULL;
}

static void warn(struct pass_role *check, json_t *text)
{
    json_array_append_new(check->warnings, text);
}

/* missing: the condition key that was asked for; NULL: no answer to that was among the results. */
static void add_unknown(struct pass_role *check, const char *what, const char *missing)
{
    str_addf(&check->unknown, "%s%s%s%s%s", check->unknown.len ? "; " : "", what,
             missing ? " (a condition asks for " : "", missing ? missing : "", missing ? ")" : "");
}

static void finish(struct pass_role *check)
{
    cleanup_free char *text = lacks_text(check), *brief = lacks_brief(check);

    if (check->unknown.len)
        warn(check, json_sprintf("IAM's simulation does not tell whether %s may do what the plan "
                                 "needs: %s; going on without",
                                 check->principal, str_text(&check->unknown)));
    check->done(check->arg, &(struct pass_role_answer){.warnings = check->warnings,
                                                       .denials = check->denials,
                                                       .lacks = check->lacks,
                                                       .text = text,
                                                       .brief = brief});
}

/* Two answers to one question are none. */
static void note_results(struct pass_role *check, const json_t *evaluated)
{
    json_auto_t *results = simulation_results(evaluated);
    json_t *result, *known;
    size_t i;

    json_array_foreach(results, i, result) {
        cleanup_free char *of = mem_printf("%s %s", json_text(result, "EvalActionName"),
                                           json_text(result, "EvalResourceName"));

        known = json_object_get(check->found, of);
        if (known && simulation_verdict(known) != simulation_verdict(result))
            json_object_set_new(check->found, of, json_object());
        else if (!known)
            json_object_set(check->found, of, result);
    }
}

/* Not being allowed to ask says nothing about being allowed to pass. */
static void judge(struct pass_role *check, const struct aws_reply *reply)
{
    const json_t *wanted = json_array_get(check->wanted, check->next);
    const char *role = json_text(wanted, "role"), *service = json_text(wanted, "service");
    cleanup_free char *what = mem_printf("iam:PassRole with %s to %s", role, service);
    cleanup_free char *of = mem_printf("iam:PassRole %s", role);
    const json_t *result;

    if (!reply->result) {
        warn(check, json_sprintf("could not check iam:PassRole (%s: %s); going on without",
                                 reply->error.code, reply->error.message));
        check->next = json_array_size(check->wanted);
        json_object_clear(check->needs); /* the same would come of it */
        return;
    }
    note_results(check, json_object_get(reply->result, "EvaluationResults"));
    result = json_object_get(check->found, of);
    if (simulation_verdict(result) == SIMULATION_UNKNOWN)
        add_unknown(check, what, simulation_missing(result));
    if (simulation_verdict(result) == SIMULATION_DENIED)
        json_array_append_new(check->denials,
                              json_sprintf("%s may not do %s (IAM's simulation: %s): allow it, see "
                                           "`billingd iam-policy`",
                                           check->principal, what,
                                           json_text(result, "EvalDecision")));
    json_object_clear(check->found);
}

/* ---- what the writes need ---- */

static char *known_name(const struct pass_role *check, const char *need)
{
    return mem_printf("%s %s", check->principal, need);
}

static void remember_allowed(const struct pass_role *check, const char *name)
{
    cleanup_free char *known = known_name(check, name);

    if (!allowed_until)
        allowed_until = json_object();
    json_object_set_new(allowed_until, known, json_integer(clock_monotonic_ms() + ALLOWED_FOR_MS));
}

static void judge_need(struct pass_role *check, const char *name, json_t *need)
{
    json_t *resources = json_object_get(need, "resources"), *found;
    const char *first = json_string_value(json_array_get(resources, 0)), *missing = NULL;
    const char *action = json_text(need, "action");
    bool denied = true;

    for (size_t i = 0; i < json_array_size(resources); i++) {
        cleanup_free char *of =
            mem_printf("%s %s", action, json_string_value(json_array_get(resources, i)));

        found = json_object_get(check->found, of);
        if (simulation_verdict(found) == SIMULATION_ALLOWED) {
            remember_allowed(check, name);
            return;
        }
        denied = denied && simulation_verdict(found) == SIMULATION_DENIED;
        missing = missing ? missing : simulation_missing(found);
    }
    if (denied) {
        json_object_set(check->lacks, name, need);
    } else {
        cleanup_free char *what = mem_printf("%s on %s", action, first);

        add_unknown(check, what, missing);
    }
}

static void judge_needs(struct pass_role *check)
{
    const char *name;
    json_t *need;

    json_object_foreach(check->asked, name, need)
        judge_need(check, name, need);
    json_object_clear(check->asked);
    json_object_clear(check->found);
    free(check->marker);
    check->marker = NULL;
}

/* Where the next page begins.  -1 and *e: a list that does not end. */
static int take_page(struct pass_role *check, const json_t *result, struct err *e)
{
    const char *marker =
        json_is_true(json_object_get(result, "IsTruncated")) ? json_text(result, "Marker") : NULL;

    free(check->marker);
    check->marker = mem_text(marker);
    if (!marker) {
        page_tokens_fini(&check->tokens);
        return 0;
    }
    check->tokens.most = MORE_PAGES;
    return page_tokens_add(
        &check->tokens,
        &(struct page_tokens_page){"iam", "SimulatePrincipalPolicy", result, marker}, e);
}

static void ask_needs(struct pass_role *check);

static void on_needs(void *arg, const struct aws_reply *reply)
{
    struct pass_role *check = arg;
    struct err e = {0};

    check->call = NULL;
    if (!reply->result)
        (void)err_set(&e, reply->kind, "%s: %s", reply->error.code, reply->error.message);
    else if (!take_page(check, reply->result, &e))
        note_results(check, json_object_get(reply->result, "EvaluationResults"));
    if (e.kind) {
        warn(check,
             json_sprintf("could not check what the plan needs (%s); going on without", e.text));
        finish(check);
        return;
    }
    if (!check->marker)
        judge_needs(check);
    ask_needs(check);
}

static void add_once(json_t *list, const json_t *text)
{
    const json_t *known;
    size_t i;

    json_array_foreach(list, i, known)
        if (json_equal(known, text))
            return;
    json_array_append(list, (json_t *)text);
}

/* What one question can hold: of one service, and told the same boundary. */
static bool goes_with(const char *first, const json_t *one, const char *name, const json_t *need)
{
    const char *a = json_text(one, "boundary"), *b = json_text(need, "boundary");

    return !strncmp(name, first, strcspn(first, ":") + 1) && (a && b ? !strcmp(a, b) : a == b);
}

/* The needs of the next question; what was allowed a moment ago is left out. */
static void choose(struct pass_role *check)
{
    cleanup_free char *first = NULL;
    json_auto_t *one = NULL;
    const char *name;
    json_t *need;
    void *next;

    json_object_foreach_safe(check->needs, next, name, need) {
        cleanup_free char *known = known_name(check, name);
        bool fresh =
            json_integer_value(json_object_get(allowed_until, known)) <= clock_monotonic_ms();

        if (fresh && !first) {
            first = mem_text(name);
            one = json_share(need);
        }
        if (fresh && !goes_with(first, one, name, need))
            continue;
        if (fresh)
            json_object_set(check->asked, name, need);
        (void)json_object_del(check->needs, name);
    }
}

/* What is known of the calls to come beside action and resource: "ContextEntries". */
static json_t *context_of(const json_t *need)
{
    const json_t *boundary = json_object_get(need, "boundary");

    return boundary ? json_pack("[{s:s, s:s, s:[O]}]", "ContextKeyName", "iam:PermissionsBoundary",
                                "ContextKeyType", "string", "ContextKeyValues", boundary)
                    : NULL;
}

static void ask_needs(struct pass_role *check)
{
    json_auto_t *actions = json_array(), *resources = json_array(), *params = NULL;
    json_t *context = NULL, *need, *resource;
    const char *name;
    size_t i;

    if (!check->marker)
        choose(check);
    if (!json_object_size(check->asked)) {
        finish(check);
        return;
    }
    json_object_foreach(check->asked, name, need) {
        add_once(actions, json_object_get(need, "action"));
        json_array_foreach(json_object_get(need, "resources"), i, resource)
            add_once(resources, resource);
        context = context ? context : context_of(need); /* the same of all: goes_with */
    }
    params = json_pack("{s:s, s:O, s:O, s:i, s:s*, s:o*}", "PolicySourceArn", check->principal,
                       "ActionNames", actions, "ResourceArns", resources, "MaxItems", 1000,
                       "Marker", check->marker, "ContextEntries", context);
    check->call = aws_client_send_page(
        check->client,
        &(struct aws_request){check->session, "iam", "SimulatePrincipalPolicy", params}, on_needs,
        check);
}

/* ---- roles ---- */

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
        ask_needs(check);
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
    warn(check,
         json_sprintf("could not check what the plan needs: GetRole of the caller's role: %s: %s",
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
        .needs = wish->needs,
        .asked = json_object(),
        .found = json_object(),
        .lacks = json_object(),
        .warnings = json_array(),
        .denials = json_array(),
        .done = wish->done,
        .arg = wish->arg,
    };
    if ((n > 5 && !strcmp(caller_arn + n - 5, ":root")) || strstr(caller_arn, ":federated-user/")) {
        warn(check,
             json_sprintf("what the plan needs cannot be checked beforehand for %s", caller_arn));
        json_array_clear(check->wanted);
        json_object_clear(check->needs);
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
    json_decref(check->needs);
    json_decref(check->asked);
    json_decref(check->found);
    json_decref(check->lacks);
    str_fini(&check->unknown);
    free(check->marker);
    page_tokens_fini(&check->tokens);
    free(check->principal);
    free(check);
}

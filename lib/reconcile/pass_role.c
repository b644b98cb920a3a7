#include "reconcile/pass_role.h"

#include "aws/page_tokens.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/simulation.h"

#include <string.h>

enum {
    ALLOWED_FOR_MS = 15 * 60 * 1000,
    MAY_PASS_FOR_MS = 30 * 1000, /* a pass that asked early; the next one asks anew */
    MORE_PAGES = 50
};

/* "principal action resource" -> until when it is not asked again (monotonic); nothing is kept of a
 * denial, so that who mends it is believed at once. */
static json_t *allowed_until;
/* Session's ARN -> {"role": ARN, "until"}. */
static json_t *roles_of;

/* One of the simulations, which go side by side. */
struct question {
    struct pass_role *check;
    const json_t *role; /* of `wanted`; NULL: needs of one service */
    json_t *asked;      /* these */
    json_t *found;      /* what came of it: "action resource" -> result (simulation.h) */
    char *marker;       /* of the next page; NULL: the first */
    struct page_tokens tokens;
    char *failed; /* why nothing is known; NULL: it is */
    struct aws_call *call;
};

struct pass_role {
    struct aws_client *client;
    struct aws_session *session;
    char *caller;
    char *principal; /* ARN of a user, group or role */
    json_t *wanted, *warnings, *denials;
    json_t *needs; /* not asked yet */
    json_t *lacks;
    struct str unknown; /* what it does not tell, for people */
    struct question *questions;
    size_t question_count, unanswered;
    unsigned waves;        /* calls one after another */
    struct aws_call *call; /* of GetRole */
    pass_role_fn *done;
    void *arg;
};

/* ---- what is known from before ---- */

static bool is_known(const char *name)
{
    return json_integer_value(json_object_get(allowed_until, name)) > clock_monotonic_ms();
}

static void remember(const char *name, int for_ms)
{
    if (!allowed_until)
        allowed_until = json_object();
    json_object_set_new(allowed_until, name, json_integer(clock_monotonic_ms() + for_ms));
}

static char *known_name(const struct pass_role *check, const char *need)
{
    return mem_printf("%s %s", check->principal, need);
}

static char *role_name(const struct pass_role *check, const json_t *wanted)
{
    return mem_printf("%s iam:PassRole %s %s", check->principal, json_text(wanted, "role"),
                      json_text(wanted, "service"));
}

static void remember_role(const struct pass_role *check)
{
    if (!roles_of)
        roles_of = json_object();
    json_object_set_new(roles_of, check->caller,
                        json_pack("{s:s, s:I}", "role", check->principal, "until",
                                  (json_int_t)(clock_monotonic_ms() + ALLOWED_FOR_MS)));
}

static const char *known_role(const struct pass_role *check)
{
    const json_t *known = json_object_get(roles_of, check->caller);

    return json_integer_value(json_object_get(known, "until")) > clock_monotonic_ms()
               ? json_text(known, "role")
               : NULL;
}

/* ---- what is told ---- */

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

static void judge_need(struct question *question, const char *name, json_t *need)
{
    struct pass_role *check = question->check;
    json_t *resources = json_object_get(need, "resources"), *found;
    const char *first = json_string_value(json_array_get(resources, 0)), *missing = NULL;
    const char *action = json_text(need, "action");
    bool denied = true;

    for (size_t i = 0; i < json_array_size(resources); i++) {
        cleanup_free char *of =
            mem_printf("%s %s", action, json_string_value(json_array_get(resources, i)));

        found = json_object_get(question->found, of);
        if (simulation_verdict(found) == SIMULATION_ALLOWED) {
            cleanup_free char *known = known_name(check, name);

            remember(known, ALLOWED_FOR_MS);
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

static void judge_role(struct question *question)
{
    struct pass_role *check = question->check;
    const char *role = json_text(question->role, "role");
    cleanup_free char *of = mem_printf("iam:PassRole %s", role);
    cleanup_free char *what =
        mem_printf("iam:PassRole with %s to %s", role, json_text(question->role, "service"));
    cleanup_free char *known = role_name(check, question->role);
    const json_t *result = json_object_get(question->found, of);

    switch (simulation_verdict(result)) {
    case SIMULATION_UNKNOWN:
        add_unknown(check, what, simulation_missing(result));
        break;
    case SIMULATION_ALLOWED:
        remember(known, MAY_PASS_FOR_MS);
        break;
    case SIMULATION_DENIED:
        json_array_append_new(check->denials,
                              json_sprintf("%s may not do %s (IAM's simulation: %s): allow it, see "
                                           "`billingd iam-policy`",
                                           check->principal, what,
                                           json_text(result, "EvalDecision")));
    }
}

static void judge(struct question *question, bool *told)
{
    struct pass_role *check = question->check;
    const char *what = question->role ? "iam:PassRole" : "what the plan needs", *name;
    json_t *need;

    if (question->failed) {
        if (!*told) /* mostly the others fail alike */
            warn(check,
                 json_sprintf("could not check %s (%s); going on without", what, question->failed));
        *told = true;
        return;
    }
    if (question->role)
        judge_role(question);
    json_object_foreach(question->asked, name, need)
        judge_need(question, name, need);
}

static void finish(struct pass_role *check)
{
    cleanup_free char *text = NULL, *brief = NULL;
    bool told = false;

    for (size_t i = 0; i < check->question_count; i++)
        judge(&check->questions[i], &told);
    text = lacks_text(check);
    brief = lacks_brief(check);
    if (check->unknown.len)
        warn(check, json_sprintf("IAM's simulation does not tell whether %s may do what the plan "
                                 "needs: %s; going on without",
                                 check->principal, str_text(&check->unknown)));
    check->done(check->arg, &(struct pass_role_answer){.warnings = check->warnings,
                                                       .denials = check->denials,
                                                       .lacks = check->lacks,
                                                       .text = text,
                                                       .brief = brief,
                                                       .waves = check->waves});
}

static void answered(struct pass_role *check)
{
    if (!--check->unanswered)
        finish(check);
}

/* ---- what the writes need ---- */

/* Two answers to one question are none. */
static void note_results(struct question *question, const json_t *evaluated)
{
    json_auto_t *results = simulation_results(evaluated);
    json_t *result, *known;
    size_t i;

    json_array_foreach(results, i, result) {
        cleanup_free char *of = mem_printf("%s %s", json_text(result, "EvalActionName"),
                                           json_text(result, "EvalResourceName"));

        known = json_object_get(question->found, of);
        if (known && simulation_verdict(known) != simulation_verdict(result))
            json_object_set_new(question->found, of, json_object());
        else if (!known)
            json_object_set(question->found, of, result);
    }
}

/* Where the next page begins.  -1 and *e: a list that does not end. */
static int take_page(struct question *question, const json_t *result, struct err *e)
{
    const char *marker =
        json_is_true(json_object_get(result, "IsTruncated")) ? json_text(result, "Marker") : NULL;

    free(question->marker);
    question->marker = mem_text(marker);
    if (!marker) {
        page_tokens_fini(&question->tokens);
        return 0;
    }
    question->tokens.most = MORE_PAGES;
    return page_tokens_add(
        &question->tokens,
        &(struct page_tokens_page){"iam", "SimulatePrincipalPolicy", result, marker}, e);
}

static void ask_needs(struct question *question);

static void on_needs(void *arg, const struct aws_reply *reply)
{
    struct question *question = arg;
    struct err e = {0};

    question->call = NULL;
    if (!reply->result)
        (void)err_set(&e, reply->kind, "%s: %s", reply->error.code, reply->error.message);
    else if (!take_page(question, reply->result, &e))
        note_results(question, json_object_get(reply->result, "EvaluationResults"));
    if (e.kind)
        question->failed = mem_text(e.text);
    else if (question->marker)
        ask_needs(question);
    if (e.kind || !question->marker)
        answered(question->check);
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

/* What is known of the calls to come beside action and resource: "ContextEntries". */
static json_t *context_of(const json_t *need)
{
    const json_t *boundary = json_object_get(need, "boundary");

    return boundary ? json_pack("[{s:s, s:s, s:[O]}]", "ContextKeyName", "iam:PermissionsBoundary",
                                "ContextKeyType", "string", "ContextKeyValues", boundary)
                    : NULL;
}

static void ask_needs(struct question *question)
{
    const struct pass_role *check = question->check;
    json_auto_t *actions = json_array(), *resources = json_array(), *params = NULL;
    json_t *context = NULL, *need, *resource;
    const char *name;
    size_t i;

    json_object_foreach(question->asked, name, need) {
        add_once(actions, json_object_get(need, "action"));
        json_array_foreach(json_object_get(need, "resources"), i, resource)
            add_once(resources, resource);
        context = context ? context : context_of(need); /* the same of all: goes_with */
    }
    params = json_pack("{s:s, s:O, s:O, s:i, s:s*, s:o*}", "PolicySourceArn", check->principal,
                       "ActionNames", actions, "ResourceArns", resources, "MaxItems", 1000,
                       "Marker", question->marker, "ContextEntries", context);
    question->call = aws_client_send_page(
        check->client,
        &(struct aws_request){check->session, "iam", "SimulatePrincipalPolicy", params}, on_needs,
        question);
}

/* ---- roles ---- */

/* Not being allowed to ask says nothing about being allowed to pass. */
static void take_decision(struct question *question, const struct aws_reply *reply)
{
    if (reply->result)
        note_results(question, json_object_get(reply->result, "EvaluationResults"));
    else
        question->failed = mem_printf("%s: %s", reply->error.code, reply->error.message);
}

static void on_simulated(void *arg, const struct aws_reply *reply)
{
    struct question *question = arg;

    question->call = NULL;
    take_decision(question, reply);
    answered(question->check);
}

static void ask_role(struct question *question)
{
    const struct pass_role *check = question->check;
    const json_t *wanted = question->role;
    json_auto_t *params =
        json_pack("{s:s, s:[s], s:[O], s:[{s:s, s:s, s:[O]}]}", "PolicySourceArn", check->principal,
                  "ActionNames", "iam:PassRole", "ResourceArns", json_object_get(wanted, "role"),
                  "ContextEntries", "ContextKeyName", "iam:PassedToService", "ContextKeyType",
                  "string", "ContextKeyValues", json_object_get(wanted, "service"));

    question->call = aws_client_send(
        check->client,
        &(struct aws_request){check->session, "iam", "SimulatePrincipalPolicy", params},
        on_simulated, question);
}

/* ---- all of them ---- */

static struct question *add_question(struct pass_role *check)
{
    struct question *question = &check->questions[check->question_count++];

    question->check = check;
    question->asked = json_object();
    question->found = json_object();
    return question;
}

/* What one question can hold: of one service, and told the same boundary. */
static bool goes_with(const struct question *question, const char *name, const json_t *need)
{
    void *first = json_object_iter(question->asked);
    const char *a = json_text(json_object_iter_value(first), "boundary");
    const char *b = json_text(need, "boundary");

    return first && !strncmp(name, json_object_iter_key(first), strcspn(name, ":") + 1) &&
           (a && b ? !strcmp(a, b) : a == b);
}

/* What was allowed a moment ago is left out. */
static void add_need(struct pass_role *check, const char *name, json_t *need)
{
    cleanup_free char *known = known_name(check, name);

    if (is_known(known))
        return;
    for (size_t i = 0; i < check->question_count; i++) {
        struct question *question = &check->questions[i];

        if (goes_with(question, name, need)) {
            json_object_set(question->asked, name, need);
            return;
        }
    }
    json_object_set(add_question(check)->asked, name, need);
}

/* Side by side: none needs the answer of another. */
static void simulate(struct pass_role *check)
{
    size_t most = json_array_size(check->wanted) + json_object_size(check->needs), i;
    const char *name;
    json_t *each;

    check->questions = mem_new((most + 1) * sizeof *check->questions);
    json_array_foreach(check->wanted, i, each) {
        cleanup_free char *known = role_name(check, each);

        if (!is_known(known))
            add_question(check)->role = each;
    }
    json_object_foreach(check->needs, name, each)
        add_need(check, name, each);
    check->unanswered = check->question_count + 1; /* this round is one */
    check->waves += check->question_count > 0;
    for (i = 0; i < check->question_count; i++) {
        if (check->questions[i].role)
            ask_role(&check->questions[i]);
        else
            ask_needs(&check->questions[i]);
    }
    answered(check);
}

static void on_role(void *arg, const struct aws_reply *reply)
{
    struct pass_role *check = arg;
    const char *arn = json_string_value(json_at(reply->result, "Role.Arn"));

    check->call = NULL;
    if (arn) {
        free(check->principal);
        check->principal = mem_text(arn);
        remember_role(check);
        simulate(check);
        return;
    }
    warn(check,
         json_sprintf("could not check what the plan needs: GetRole of the caller's role: %s: %s",
                      reply->error.code, reply->error.message));
    finish(check);
}

/* The session ARN has no path, so the role's real ARN is asked for, never put together. */
static bool ask_for_role(struct pass_role *check)
{
    const char *name = strstr(check->caller, ":assumed-role/"), *known = known_role(check);
    json_auto_t *params = NULL;

    if (!name)
        return false;
    if (known) {
        free(check->principal);
        check->principal = mem_text(known);
        return false;
    }
    name += strlen(":assumed-role/");
    params = json_pack("{s:s%}", "RoleName", name, strcspn(name, "/"));
    check->waves++;
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
        .caller = mem_text(caller_arn),
        .principal = mem_text(caller_arn),
        .wanted = wish->wanted,
        .needs = wish->needs,
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
    if (!ask_for_role(check))
        simulate(check);
    return check;
}

void pass_role_free(struct pass_role *check)
{
    if (!check)
        return;
    aws_call_cancel(check->call);
    for (size_t i = 0; i < check->question_count; i++) {
        struct question *question = &check->questions[i];

        aws_call_cancel(question->call);
        json_decref(question->asked);
        json_decref(question->found);
        free(question->marker);
        page_tokens_fini(&question->tokens);
        free(question->failed);
    }
    free(check->questions);
    str_fini(&check->unknown);
    json_decref(check->wanted);
    json_decref(check->warnings);
    json_decref(check->denials);
    json_decref(check->needs);
    json_decref(check->lacks);
    free(check->principal);
    free(check->caller);
    free(check);
}

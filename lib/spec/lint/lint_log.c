/* lint_log.c -- BL2xx: what the access log says and how long it is kept.
 *
 * Source: "Customize HTTP API access logs" (API Gateway guide): an absent variable prints "-", only
 * letters, digits, dots and underscores make a variable's name. */
#include "spec/lint/lint_rule.h"
#include "spec/lint/log_format.h"

#include "base/json.h"

#include <string.h>

static const char *format_of(const struct lint_look *look)
{
    const char *format = json_text(look->values, "format");

    return format ? format : "";
}

static bool find_colon_claim(struct lint_look *look)
{
    const char *text = format_of(look);
    bool inside = false;
    struct log_variable variable;

    while (log_line_next(&text, &inside, &variable)) {
        size_t rest = strcspn(text, "\", }");

        if (log_line_is_cut(&variable))
            return lint_rule_say(look, "$context.%.*s%.*s", (int)variable.length, variable.name,
                                 (int)rest, text);
    }
    return false;
}

static bool find_unquoted(struct lint_look *look)
{
    const char *text = format_of(look);
    bool inside = false;
    struct log_variable variable;

    while (log_line_next(&text, &inside, &variable)) {
        if (!variable.quoted && !log_line_is(&variable, "error.messageString"))
            return lint_rule_say(look, "$context.%.*s", (int)variable.length, variable.name);
    }
    return false;
}

static bool find_callers_first(struct lint_look *look)
{
    json_auto_t *losses = log_format_losses_in(look->subject, format_of(look));
    const json_t *loss = json_array_get(losses, 0);

    return loss && lint_rule_say(look, "%s before %s", json_text(loss, "variable"),
                                 json_text(loss, "keys"));
}

/* The key is read by the view, and the format gives it nothing of the request. */
static bool lacks(struct lint_look *look, const char *name)
{
    json_auto_t *sources = log_format_sources_in(look->subject, format_of(look));
    const struct log_key *key = log_key_find(name);

    return sources && log_format_is_read(look->subject, key) &&
           !log_format_gives(look->subject, sources, key) &&
           !log_format_mistakes(sources, key->name) &&
           !(key->other && log_format_mistakes(sources, key->other));
}

static bool find_no_identity(struct lint_look *look)
{
    return lacks(look, "sub");
}

static bool find_no_size(struct lint_look *look)
{
    return lacks(look, "responseLength");
}

static bool find_no_time(struct lint_look *look)
{
    return lacks(look, "requestTimeEpoch");
}

static bool find_unknown(struct lint_look *look)
{
    const char *text = format_of(look);
    bool inside = false, found = false;
    struct log_variable variable;

    while (log_line_next(&text, &inside, &variable)) {
        const char *nearest;

        if (log_key_is_variable(&variable))
            continue;
        nearest = log_key_nearest(&variable);
        found = lint_rule_say(look, "$context.%.*s%s%s", (int)variable.length, variable.name,
                              nearest ? ", perhaps $context." : "", nearest ? nearest : "");
    }
    return found;
}

/* messageString brings its own quotes. */
static bool find_raw_error(struct lint_look *look)
{
    const char *text = format_of(look);
    bool inside = false;
    struct log_variable variable;

    while (log_line_next(&text, &inside, &variable)) {
        if (log_line_is(&variable, "error.message") ||
            (log_line_is(&variable, "error.messageString") && variable.quoted))
            return lint_rule_say(look, "$context.%.*s", (int)variable.length, variable.name);
    }
    return false;
}

/* Whether a subscription filter reads the log group: then it is where usage comes from. */
static bool is_usage(const struct lint_look *look)
{
    const char *name = json_text(look->values, "name");
    const json_t *filter;

    for (size_t i = 0; name && (filter = lint_subject_next(look->subject, PART_FORWARDER, &i));) {
        const char *group = json_text(filter, "log_group");

        if (group && strcmp(group, name) == 0)
            return true;
    }
    return false;
}

static bool find_short_retention(struct lint_look *look)
{
    const json_t *days = json_object_get(look->values, "retention_days");

    return is_usage(look) && json_is_integer(days) && json_integer_value(days) < 90 &&
           lint_rule_say(look, "%lld day%s", (long long)json_integer_value(days),
                         json_integer_value(days) == 1 ? "" : "s");
}

static bool find_infrequent(struct lint_look *look)
{
    const char *class = json_text(look->values, "class");

    return is_usage(look) && class && strcmp(class, "STANDARD") != 0 &&
           lint_rule_say(look, "%s", class);
}

static bool find_pattern(struct lint_look *look)
{
    const char *pattern = json_text(look->values, "pattern");

    return pattern && *pattern && lint_rule_say(look, "\"%s\"", pattern);
}

static bool find_second_filter(struct lint_look *look)
{
    const json_t *filter;

    for (size_t i = 0; (filter = lint_subject_next(look->subject, PART_FORWARDER, &i));) {
        if (filter == look->values)
            return false; /* told at the later one */
        if (json_equal(json_object_get(filter, "log_group"),
                       json_object_get(look->values, "log_group")) &&
            json_equal(json_object_get(filter, "destination"),
                       json_object_get(look->values, "destination")))
            return lint_rule_say(look, "\"%s\" already sends them", lint_subject_name(filter));
    }
    return false;
}

/* "arn:...:log-group:NAME", also with ":*" behind it. */
static bool names_group(const char *arn, const char *name)
{
    const char *word = ":log-group:", *at = strstr(arn, word);
    size_t length = strlen(name);

    at = at ? at + strlen(word) : NULL;
    return at && !strncmp(at, name, length) && (!at[length] || at[length] == ':');
}

/* A stage whose value is missing may be the one. */
static bool find_no_stage(struct lint_look *look)
{
    const struct lint_subject *subject = look->subject;
    const char *name = json_text(look->values, "log_group"), *other = NULL;

    if (!subject->billing || !name)
        return false;
    for (size_t i = 0; i < subject->count; i++) {
        const struct lint_resource *stage = &subject->resources[i];
        const char *group = json_text(stage->values, "log_group");

        if (strcmp(stage->kind->name, "stage_logging") != 0)
            continue;
        if (!group || names_group(group, name))
            return false;
        other = group;
    }
    if (other)
        return lint_rule_say(look, "the filter reads %s, the stage logs to %s", name, other);
    return lint_rule_say(look, "%s", name);
}

#define FORMAT .kind = "stage_logging", .field = "format"

const struct lint lint_log[] = {
    {"BL201", "a variable of the log format has a colon",
     "The name ends at the colon: \"-\" and the rest are printed for everybody "
     "(\"-:username\"), so no request can be billed to anyone by it.",
     "Use $context.authorizer.claims.sub, and claims.username (access tokens) for people.", FORMAT,
     .find = find_colon_claim},
    {"BL202", "a variable of the log format is not quoted",
     "An absent value prints -, and the line is no JSON: the request, or its bytes, go unbilled.",
     "Put every variable in double quotes.", FORMAT, .find = find_unquoted},
    {"BL203", "what callers choose stands before what is billed",
     "A quote in it ends its string: what stands behind is lost, or is what the caller wrote, "
     "since "
     "the first key of a name wins. So calls go unbilled, or to somebody else.",
     "Move path, userAgent, names and error messages to the end of the format.", FORMAT,
     .find = find_callers_first},
    {"BL204", "the log format names no caller", "All calls are unattributed: nobody pays for them.",
     "Add \"sub\":\"$context.authorizer.claims.sub\".", FORMAT, .find = find_no_identity},
    {"BL205", "the log format has no size", "Bytes cannot be billed.",
     "Add \"responseLength\":\"$context.responseLength\".", FORMAT, .find = find_no_size},
    {"BL206", "a variable that HTTP APIs do not have",
     "It prints - in every line: what is billed by it is billed to nobody.",
     "Use one of the variables of HTTP APIs, or take it out.", FORMAT, .find = find_unknown},
    {"BL207", "the log format has no request time",
     "Requests can only be put in a month by their log event, so those around midnight of a "
     "month's "
     "end may be billed a month late.",
     "Add \"requestTimeEpoch\":\"$context.requestTimeEpoch\".", FORMAT, .find = find_no_time},
    {"BL208", "an error message is not escaped, or quoted twice",
     "A message with a quote makes the line no JSON: the request goes unbilled, or what stands "
     "behind the message is lost.",
     "Use $context.error.responseType, or $context.error.messageString without quotes around it, "
     "at "
     "the end.",
     FORMAT, .find = find_raw_error},
    {"BL209", "the access log is kept for less than 90 days",
     "What did not reach the bucket is gone for good after that time and cannot be billed: a "
     "broken "
     "delivery is often noticed only at the end of the month.",
     "Set retention_days: 90 or more.", .kind = "log_group", .field = "retention_days",
     .find = find_short_retention},
    {"BL210", "the log group's class takes no subscription filter",
     "Nothing is delivered: no request can be billed. The class cannot be changed later.",
     "Set class: STANDARD.", .kind = "log_group", .field = "class", .find = find_infrequent},
    {"BL211", "the subscription filter has a pattern",
     "Requests that do not match are not delivered and go unbilled.",
     "Set pattern: \"\"; leave out lines in the queries.", .kind = "subscription_filter",
     .field = "pattern", .find = find_pattern},
    {"BL212", "two subscription filters send the same events to the same stream",
     "Every request arrives twice: delivery and queries cost double, and a query that does not "
     "deduplicate bills double.",
     "Keep one of them.", .kind = "subscription_filter", .field = "destination",
     .find = find_second_filter},
    {"BL213", "no stage of the spec logs to the log group that is delivered",
     "Requests are logged elsewhere or not at all, and no look shows it: they are never billed, "
     "and without API and stage the audit has no count of the gateway to miss them by.",
     "Declare stage_logging with this log group; where somebody else keeps the stage's access log, "
     "with `mode: observe`.",
     .kind = "subscription_filter", .field = "log_group", .find = find_no_stage},
    {0},
};

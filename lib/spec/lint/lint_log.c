/* lint_log.c -- BL2xx: what the access log says and how long it is kept.
 *
 * Source: "Customize HTTP API access logs" (API Gateway guide): an absent variable prints "-", only
 * letters, digits, dots and underscores make a variable's name. */
#include "spec/lint/lint_rule.h"

#include "base/json.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* One $context variable of a log format. */
struct variable {
    const char *name; /* behind "$context." */
    size_t length;
    bool quoted; /* stands in a JSON string */
};

/* The next variable at *text; moves *text behind it. *inside: within a JSON string. */
static bool next_variable(const char **text, bool *inside, struct variable *variable)
{
    for (const char *p = *text; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
        } else if (*p == '"') {
            *inside = !*inside;
        } else if (strncmp(p, "$context.", 9) == 0) {
            variable->name = p + 9;
            variable->length = 0;
            while (isalnum((unsigned char)p[9 + variable->length]) ||
                   strchr("._", p[9 + variable->length] ? p[9 + variable->length] : ' '))
                variable->length++;
            variable->quoted = *inside;
            *text = p + 9 + variable->length;
            return true;
        }
    }
    return false;
}

static bool is_variable(const struct variable *variable, const char *name)
{
    return strlen(name) == variable->length && strncmp(variable->name, name, variable->length) == 0;
}

static bool is_below(const struct variable *variable, const char *name)
{
    return variable->length >= strlen(name) && strncmp(variable->name, name, strlen(name)) == 0;
}

static const char *format_of(const struct lint_look *look)
{
    const char *format = json_text(look->values, "format");

    return format ? format : "";
}

static bool find_colon_claim(struct lint_look *look)
{
    const char *text = format_of(look);
    bool inside = false;
    struct variable variable;

    while (next_variable(&text, &inside, &variable)) {
        size_t rest = strcspn(text, "\", }");

        if (*text == ':' && isalpha((unsigned char)text[1]))
            return lint_rule_say(look, "$context.%.*s%.*s", (int)variable.length, variable.name,
                                 (int)rest, text);
    }
    return false;
}

static bool find_unquoted(struct lint_look *look)
{
    const char *text = format_of(look);
    bool inside = false;
    struct variable variable;

    while (next_variable(&text, &inside, &variable)) {
        if (!variable.quoted)
            return lint_rule_say(look, "$context.%.*s", (int)variable.length, variable.name);
    }
    return false;
}

/* What a caller chooses freely. */
static bool is_callers(const struct variable *variable)
{
    return is_variable(variable, "path") || is_variable(variable, "identity.userAgent") ||
           is_variable(variable, "error.message") || is_variable(variable, "error.messageString") ||
           is_variable(variable, "authorizer.error");
}

static bool is_billed(const struct variable *variable)
{
    return is_variable(variable, "requestId") || is_variable(variable, "requestTimeEpoch") ||
           is_variable(variable, "status") || is_variable(variable, "responseLength") ||
           (is_below(variable, "authorizer.") && !is_variable(variable, "authorizer.error"));
}

static bool find_callers_first(struct lint_look *look)
{
    const char *text = format_of(look);
    bool inside = false;
    struct variable variable, first = {0};

    while (next_variable(&text, &inside, &variable)) {
        if (!first.name && is_callers(&variable))
            first = variable;
        if (first.name && is_billed(&variable))
            return lint_rule_say(look, "%.*s before %.*s", (int)first.length, first.name,
                                 (int)variable.length, variable.name);
    }
    return false;
}

static bool has_variable(const struct lint_look *look, const char *name)
{
    const char *text = format_of(look);
    bool inside = false;
    struct variable variable;

    while (next_variable(&text, &inside, &variable)) {
        if (is_variable(&variable, name))
            return true;
    }
    return false;
}

static bool find_no_identity(struct lint_look *look)
{
    const char *text = format_of(look);
    bool inside = false;
    struct variable variable;

    while (next_variable(&text, &inside, &variable)) {
        if (is_below(&variable, "authorizer.") && !is_variable(&variable, "authorizer.error") &&
            *text != ':')
            return false;
    }
    return true;
}

static bool find_no_size(struct lint_look *look)
{
    return !has_variable(look, "responseLength") && !has_variable(look, "dataProcessed");
}

static bool find_no_time(struct lint_look *look)
{
    return !has_variable(look, "requestTimeEpoch");
}

static bool find_rest_only(struct lint_look *look)
{
    static const char *const names[] = {"resourcePath",    "xrayTraceId",
                                        "identity.apiKey", "identity.apiKeyId",
                                        "resourceId",      "error.validationErrorString",
                                        "waf.status",      "integrationLatency"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (has_variable(look, names[i]))
            return lint_rule_say(look, "$context.%s", names[i]);
    }
    return false;
}

static bool find_raw_error(struct lint_look *look)
{
    return has_variable(look, "error.message");
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
           lint_rule_say(look, "%lld days", (long long)json_integer_value(days));
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
     "The first key of a name wins: a path that closes its string can replace the status, the size "
     "or "
     "the identity behind it, and shift its cost to somebody else.",
     "Move path, userAgent and error messages to the end of the format.", FORMAT,
     .find = find_callers_first},
    {"BL204", "the log format names no caller", "No request can be billed to anyone.",
     "Add \"sub\":\"$context.authorizer.claims.sub\".", FORMAT, .find = find_no_identity},
    {"BL205", "the log format has no size", "Bytes cannot be billed.",
     "Add \"responseLength\":\"$context.responseLength\".", FORMAT, .find = find_no_size},
    {"BL206", "a variable that HTTP APIs do not have",
     "It prints - in every line: what is billed by it is billed to nobody.",
     "Use one of the variables of HTTP APIs, or take it out.", FORMAT, .find = find_rest_only},
    {"BL207", "the log format has no request time",
     "Requests can only be put in a month by their log event, so those around midnight of a "
     "month's "
     "end may be billed a month late.",
     "Add \"requestTimeEpoch\":\"$context.requestTimeEpoch\".", FORMAT, .find = find_no_time},
    {"BL208", "error.message is not escaped",
     "A message with a quote makes the line no JSON: the request goes unbilled.",
     "Use $context.error.responseType, or error.messageString.", FORMAT, .find = find_raw_error},
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
    {0},
};

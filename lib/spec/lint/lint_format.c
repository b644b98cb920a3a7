/* lint_format.c -- BL214 and on: what the view finds in a line of the access log, key by key.
 *
 * Source: "Customize HTTP API access logs" (API Gateway guide), specs/sql/view.sql. */
#include "spec/lint/lint_rule.h"
#include "spec/lint/log_format.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

static const char *format_of(const struct lint_look *look)
{
    const char *format = json_text(look->values, "format");

    return format ? format : "";
}

/* A view that reads JSON, or none to ask. */
static bool is_read_as_json(const struct lint_look *look)
{
    return log_format_is_read(look->subject, log_key_find("requestId"));
}

static const char *other_form(const char *format)
{
    if (*format == '<')
        return "it looks like XML; ";
    if (strstr(format, "[$context.requestTime]"))
        return "it looks like CLF; ";
    if (*format == '[')
        return "it is a list, no object; ";
    if (*format == '$' || !strchr(format, '{'))
        return "it looks like CSV; ";
    return "";
}

static bool find_no_json(struct lint_look *look)
{
    const char *format = format_of(look);
    cleanup_free char *line = log_line_render(format, log_line_ordinary, NULL);
    size_t end;
    json_auto_t *members = log_line_read(line, &end, NULL);
    int before = end < 40 ? (int)end : 40;

    if (!*format || !is_read_as_json(look) || log_line_is_whole(line))
        return false;
    if (!end)
        return lint_rule_say(look, "%sno key stands whole: it begins with %.40s",
                             other_form(format), line);
    return lint_rule_say(look, "%s%zu keys stand whole, then it breaks behind %s%.*s",
                         other_form(format), json_object_size(members), end > 40 ? "..." : "",
                         before, line + end - before) &&
           (!line[end] || lint_rule_say(look, "before %.40s", line + end));
}

/* The next key of such a use, from *key on, that is read and not among the sources. */
static bool next_missing(const struct lint_look *look, const json_t *sources, enum log_key_use use,
                         const struct log_key **key)
{
    for (; sources && (*key)->name; ++*key)
        if ((*key)->use == use && !json_object_get(sources, (*key)->name) &&
            !((*key)->other && json_object_get(sources, (*key)->other)) &&
            log_format_is_read(look->subject, *key))
            return true;
    return false;
}

static bool find_no_request(struct lint_look *look)
{
    json_auto_t *sources = log_format_sources_in(look->subject, format_of(look));
    const struct log_key *key = log_key_find("requestId");
    const char *source = json_text(sources, key->name);

    if (!sources || !log_format_is_read(look->subject, key) ||
        log_format_gives(look->subject, sources, key))
        return false;
    if (!source)
        return lint_rule_say(look, "it has no requestId: no copy of a call can be told");
    return lint_rule_say(look, "requestId is %s%s: requests of one id are one call",
                         *source ? "$context." : "the same in every line", source);
}

static bool find_no_price(struct lint_look *look)
{
    json_auto_t *sources = log_format_sources_in(look->subject, format_of(look));
    const struct log_key *key = log_key_table;
    bool found = false;

    for (; next_missing(look, sources, LOG_KEY_PRICED, &key); key++)
        found = lint_rule_say(look, "without %s %s", key->name, key->loss);
    return found;
}

/* Whoever leaves out all of them means it (specs/log-format-lean.json); one is easily forgotten. */
static bool is_lean(const json_t *sources)
{
    for (const struct log_key *key = log_key_table; key->name; key++)
        if (key->use == LOG_KEY_SHOWN && json_object_get(sources, key->name))
            return false;
    return true;
}

static bool find_not_shown(struct lint_look *look)
{
    json_auto_t *sources = log_format_sources_in(look->subject, format_of(look));
    const struct log_key *key = log_key_table;
    bool found = false;

    for (; !is_lean(sources) && next_missing(look, sources, LOG_KEY_SHOWN, &key); key++)
        found = lint_rule_say(look, "%s", key->name);
    return found;
}

/* A key with a text of its own instead of a variable was left out on purpose. */
static bool find_other_source(struct lint_look *look)
{
    json_auto_t *sources = log_format_sources_in(look->subject, format_of(look));
    bool found = false;
    const char *name;
    json_t *value;

    json_object_foreach(sources, name, value)
        if (log_format_mistakes(sources, name) && strcmp(name, "requestId") != 0 &&
            log_format_is_read(look->subject, log_key_find(name)))
            found = lint_rule_say(look, "%s is filled from $context.%s", name,
                                  json_string_value(value));
    return found;
}

static bool find_repeated(struct lint_look *look)
{
    cleanup_free char *line = log_line_render(format_of(look), log_line_ordinary, NULL);
    const char *repeated;
    size_t end;
    json_auto_t *members = log_line_read(line, &end, &repeated);

    return members && repeated && lint_rule_say(look, "%s", repeated);
}

static bool find_too_long(struct lint_look *look)
{
    size_t longest = log_format_longest(format_of(look));

    return longest > LOG_FORMAT_EVENT_BYTES &&
           lint_rule_say(look, "up to %zu bytes, %d are kept", longest, LOG_FORMAT_EVENT_BYTES);
}

/* API Gateway prints what it does not know as it stands. */
static bool find_no_context(struct lint_look *look)
{
    const char *at = format_of(look);

    while ((at = strchr(at, '$'))) {
        if (strncmp(at, "$context.", 9) != 0)
            return lint_rule_say(look, "\"%.*s\"", (int)strcspn(at, "\", }"), at);
        at++;
    }
    return false;
}

#define FORMAT .kind = "stage_logging", .field = "format"

const struct lint lint_format[] = {
    {"BL214", "the access log's lines are no JSON object",
     "Every line is broken: no call is billed, or only from the keys that stand before the break.",
     "Write one JSON object: a comma between two members, no comma behind the last, every value in "
     "double quotes.",
     FORMAT, .find = find_no_json, .is_error = true},
    {"BL215", "requests cannot be counted",
     "The view knows a request, and its copies, by the requestId: calls are billed twice or not at "
     "all, or many count as one.",
     "Add \"requestId\":\"$context.requestId\".", FORMAT, .find = find_no_request,
     .is_error = true},
    {"BL216", "the log format lacks what prices, rules or groups look at",
     "They match nothing, without an error: calls are billed by other prices than agreed.",
     "Add the key, as in specs/log-format.json.", FORMAT, .find = find_no_price},
    {"BL217", "the log format lacks what usage shows",
     "No bill changes; who asks about one of its calls finds less.",
     "Add the key, as in specs/log-format.json, or give it a \"-\" where it is left out on "
     "purpose; or leave all of them out, as specs/log-format-lean.json does.",
     FORMAT, .find = find_not_shown},
    {"BL218", "a key is filled with something else than it is read for",
     "What is billed is not what was used, or is billed to whom it does not belong.",
     "Use the variable of specs/log-format.json for the key.", FORMAT, .find = find_other_source},
    {"BL219", "a key stands twice in the log format",
     "The first one counts, and engines differ about that: the other value is billed by none.",
     "Take one of the two out.", FORMAT, .find = find_repeated},
    {"BL220", "a line can be longer than a log event",
     "CloudWatch Logs cuts it: what stands behind is lost, and the call goes unbilled.",
     "Name what callers choose (path, userAgent) once, at the end.", FORMAT, .find = find_too_long},
    {"BL221", "a \"$\" that begins no $context variable",
     "It is printed as it stands, in every line: what is billed by it is billed to nobody.",
     "Write $context. in front of the variable's name.", FORMAT, .find = find_no_context},
    {0},
};

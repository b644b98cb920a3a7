#include "spec/lint/log_format.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The lines are one JSON object each, for usual requests. */
static bool is_json(const char *format)
{
    cleanup_free char *line = log_line_render(format, log_line_ordinary, NULL);

    return log_line_is_whole(line);
}

/* ---- where keys come from: each variable prints a number of its own, which is looked for ---- */

enum { FIRST_NUMBER = 770000000 };

struct numbering {
    struct str names; /* of the variables so far, a line each */
    int count;
    char text[16];
};

static const char *next_number(void *arg, const struct log_variable *variable)
{
    struct numbering *numbering = arg;

    str_add_n(&numbering->names, variable->name, variable->length);
    str_add_char(&numbering->names, '\n');
    (void)snprintf(numbering->text, sizeof numbering->text, "%d",
                   FIRST_NUMBER + numbering->count++);
    return numbering->text;
}

/* The text of the variable of that number; new text. */
static char *name_at(const struct numbering *numbering, int number)
{
    const char *name = str_text(&numbering->names);

    while (number-- > 0)
        name = strchr(name, '\n') + 1;
    return mem_text_n(name, strcspn(name, "\n"));
}

static json_t *source_of(const struct numbering *numbering, const char *value)
{
    for (int i = 0; value && i < numbering->count; i++) {
        char number[16];

        (void)snprintf(number, sizeof number, "%d", FIRST_NUMBER + i);
        if (strstr(value, number)) {
            cleanup_free char *name = name_at(numbering, i);

            return json_sprintf("%s%s", name, strcmp(value, number) ? " and other text" : "");
        }
    }
    return json_string("");
}

json_t *log_format_sources(const char *format)
{
    struct numbering numbering = {0};
    cleanup_free char *line = log_line_render(format, next_number, &numbering);
    size_t end;
    json_auto_t *members = log_line_read(line, &end, NULL);
    json_t *sources, *value;
    const char *key;

    sources = is_json(format) ? json_object() : NULL;
    json_object_foreach(members, key, value)
        if (sources)
            json_object_set_new(sources, key, source_of(&numbering, json_string_value(value)));
    str_fini(&numbering.names);
    return sources;
}

/* Lists and mappings that only the format decides: some thousand pipelines have one between them.
 */
static json_t *known(const struct lint_subject *subject, const char *format, const char *what,
                     json_t *(*work_out)(const char *format))
{
    cleanup_free char *name = subject->known ? mem_printf("%s %s", what, format) : NULL;
    json_t *before = name ? json_object_get(subject->known, name) : NULL, *value;

    if (before)
        return json_is_null(before) ? NULL : json_share(before);
    value = work_out(format);
    if (name)
        json_object_set_new(subject->known, name, value ? json_share(value) : json_null());
    return value;
}

json_t *log_format_sources_in(const struct lint_subject *subject, const char *format)
{
    return known(subject, format, "sources", log_format_sources);
}

/* ---- what is read ---- */

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; (at = strstr(at, word)); at++)
        if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length]))
            return true;
    return false;
}

/* Whether a text in the SQL of a view has one of the words. */
static bool views_have(const struct lint_subject *subject, const char *const *words, bool *views)
{
    *views = false;
    for (size_t i = 0; i < subject->count; i++) {
        const struct lint_resource *resource = &subject->resources[i];

        if (resource->kind->part != PART_VIEW || !resource->sql.count)
            continue;
        *views = true;
        for (size_t k = 0; k < resource->sql.count; k++)
            for (size_t w = 0; resource->sql.tokens[k].type == SQL_TEXT && words[w]; w++)
                if (has_word(resource->sql.tokens[k].text, words[w]))
                    return true;
    }
    return false;
}

bool log_format_is_read(const struct lint_subject *subject, const struct log_key *key)
{
    const char *const words[] = {key->name, key->other, NULL};
    bool views;

    return views_have(subject, words, &views) || !views;
}

/* $context.requestTime is CLF: "31/Oct/2026:23:59:58 +0000".  A view that reads it names months. */
static bool reads_clf(const struct lint_subject *subject)
{
    static const char *const words[] = {"%b", "MMM", "Oct", NULL};
    bool views;

    return views_have(subject, words, &views) || !views;
}

/* The variable of a source has what the key is read for. */
static bool suits(const char *source, const struct log_key *key)
{
    size_t length = strcspn(source, " ");
    struct log_variable variable = {source, length, true};

    return !(source[length] && key->is_whole) && log_key_takes(key, &variable);
}

static bool gives(const struct lint_subject *subject, const char *source, const struct log_key *key)
{
    return source && *source && suits(source, key) &&
           (strcmp(source, "requestTime") != 0 || reads_clf(subject));
}

bool log_format_mistakes(const json_t *sources, const char *name)
{
    const struct log_key *key = log_key_find(name);
    const char *source = json_text(sources, name);

    return key && source && *source && !suits(source, key);
}

bool log_format_gives(const struct lint_subject *subject, const json_t *sources,
                      const struct log_key *key)
{
    return gives(subject, json_text(sources, key->name), key) ||
           (key->other && gives(subject, json_text(sources, key->other), key));
}

/* ---- hostile callers ---- */

enum {
    LONGEST_VALUE = 10240, /* request line and headers together.  Source: "Quotas for configuring
                              and running an HTTP API" (API Gateway) */
};

struct attack {
    const char *name; /* of the variable that is attacked, in the format */
    const char *value;
};

static const char *attacked(void *arg, const struct log_variable *variable)
{
    const struct attack *attack = arg;

    return variable->name == attack->name ? attack->value : log_line_ordinary(NULL, variable);
}

static json_t *read_attacked(const char *format, const struct log_variable *variable,
                             const char *value)
{
    struct attack attack = {variable->name, value};
    cleanup_free char *line = log_line_render(format, attacked, &attack);
    size_t end;

    return log_line_read(line, &end, NULL);
}

/* What bills are made of in the usual line, without what the variable itself gives. */
static json_t *at_stake(const char *format, const struct log_variable *variable)
{
    json_t *usual = read_attacked(format, variable, log_line_ordinary(NULL, variable));
    json_auto_t *other = read_attacked(format, variable, "another");
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(usual, next, name, value) {
        const struct log_key *key = log_key_find(name);

        if (!key || key->use == LOG_KEY_SHOWN || !json_equal(json_object_get(other, name), value))
            json_object_del(usual, name);
    }
    return usual;
}

/* What a value can be: ends its string, escapes what follows, is no text, is another.  A long
 * one is told by log_format_longest. */
static json_t *lost_to(const char *format, const struct log_variable *variable)
{
    static const char *const values[] = {
        "a\"b", "a\\",     "a\nb",
        "a\tb", "\\u0000", "\xff",
        "-",    "%",       "\",\"requestId\":\"x\",\"sub\":\"x\",\"status\":\"x\",\"x\":\""};
    json_auto_t *stake = at_stake(format, variable);
    json_t *lost = json_object(), *value;
    const char *name;

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        json_auto_t *members = read_attacked(format, variable, values[i]);

        json_object_foreach(stake, name, value)
            if (!json_equal(json_object_get(members, name), value))
                json_object_set_new(lost, name, json_true());
    }
    return lost;
}

json_t *log_format_losses(const char *format)
{
    json_t *losses = json_array();
    struct log_variable variable;
    const char *text = format;
    bool inside = false;

    while (log_line_next(&text, &inside, &variable)) {
        json_auto_t *lost = log_key_is_callers(&variable) ? lost_to(format, &variable) : NULL;
        cleanup_str struct str keys = {0};
        const char *name;
        json_t *ignored;

        json_object_foreach(lost, name, ignored)
            str_addf(&keys, "%s%s", keys.len ? ", " : "", name);
        if (keys.len)
            json_array_append_new(losses, json_pack("{s:s%, s:s}", "variable", variable.name,
                                                    variable.length, "keys", str_text(&keys)));
    }
    return losses;
}

json_t *log_format_losses_in(const struct lint_subject *subject, const char *format)
{
    return known(subject, format, "losses", log_format_losses);
}

static const char *longest_value(void *arg, const struct log_variable *variable)
{
    return log_key_is_callers(variable) ? arg : log_line_ordinary(NULL, variable);
}

size_t log_format_longest(const char *format)
{
    cleanup_free char *large = mem_new(LONGEST_VALUE + 1);
    cleanup_free char *line = NULL;

    memset(large, 'a', LONGEST_VALUE);
    large[LONGEST_VALUE] = '\0';
    line = log_line_render(format, longest_value, large);
    return strlen(line);
}

/* ---- one format instead of another ---- */

/* The variable that a key is read from, by either of its names; NULL: none that gives it. */
static const char *giver(const json_t *sources, const struct log_key *key)
{
    static const struct lint_subject nothing; /* no view to ask: the shipped one */
    const char *own = json_text(sources, key->name);
    const char *other = key->other ? json_text(sources, key->other) : NULL;

    return gives(&nothing, own, key) ? own : gives(&nothing, other, key) ? other : NULL;
}

static void add_key_lost(struct str *lost, const struct log_key *key, const char *wanted,
                         const char *given)
{
    if (!given)
        str_addf(lost, "%swithout %s %s", lost->len ? "; " : "", key->name, key->loss);
    else if (strcmp(wanted, given) != 0)
        str_addf(lost, "%s%s is filled from $context.%s", lost->len ? "; " : "", key->name, given);
}

static void add_taken(struct str *lost, const char *want, const char *have)
{
    json_auto_t *before = log_format_losses(want), *now = log_format_losses(have);
    size_t i;
    const json_t *loss;

    json_array_foreach(now, i, loss)
        if (!json_array_size(before))
            str_addf(lost, "%swhoever calls can take %s away by $context.%s", lost->len ? "; " : "",
                     json_text(loss, "keys"), json_text(loss, "variable"));
    if (log_format_longest(have) > LOG_FORMAT_EVENT_BYTES &&
        log_format_longest(want) <= LOG_FORMAT_EVENT_BYTES)
        str_addf(lost, "%sa line can be longer than a log event", lost->len ? "; " : "");
}

char *log_format_lost(const char *want, const char *have, bool *unread)
{
    json_auto_t *wanted = log_format_sources(want), *given = log_format_sources(have);
    struct str lost = {0};

    *unread =
        !given || (!giver(given, log_key_find("requestId")) &&
                   !(giver(given, log_key_find("sub")) && giver(given, log_key_find("status")) &&
                     giver(given, log_key_find("responseLength"))));
    if (!given)
        str_add(&lost, "the lines are no JSON object");
    for (const struct log_key *key = log_key_table; given && key->name; key++)
        if (key->use != LOG_KEY_SHOWN && giver(wanted, key))
            add_key_lost(&lost, key, giver(wanted, key), giver(given, key));
    if (given)
        add_taken(&lost, want, have);
    return lost.len ? str_take(&lost) : mem_text("");
}

size_t log_format_needed(const char *format, size_t *bytes)
{
    cleanup_free char *line = log_line_render(format, log_line_ordinary, NULL);
    size_t end, needed = 1; /* of the braces and commas, one is there too many */
    json_auto_t *members = log_line_read(line, &end, NULL);
    const char *name;
    json_t *value;

    *bytes = strlen(line);
    json_object_foreach(members, name, value) {
        const struct log_key *key = log_key_find(name);

        if (key && key->use != LOG_KEY_SHOWN && strcmp(name, "requestTime") != 0)
            needed += strlen(name) + json_string_length(value) + strlen("\"\":\"\",");
    }
    return is_json(format) ? needed : 0;
}

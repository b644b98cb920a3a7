#include "spec/lint/log_line.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static const char opening[] = "$context.";

/* Source: "Customize HTTP API access logs": letters, digits, dots and underscores make a name. */
static size_t name_length(const char *name)
{
    size_t length = 0;

    while (isalnum((unsigned char)name[length]) || name[length] == '.' || name[length] == '_')
        length++;
    return length;
}

bool log_line_next(const char **text, bool *inside, struct log_variable *variable)
{
    const size_t skip = sizeof opening - 1;

    for (const char *p = *text; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
        } else if (*p == '"') {
            *inside = !*inside;
        } else if (strncmp(p, opening, skip) == 0) {
            *variable = (struct log_variable){p + skip, name_length(p + skip), *inside};
            *text = variable->name + variable->length;
            return true;
        }
    }
    return false;
}

bool log_line_is(const struct log_variable *variable, const char *name)
{
    size_t length = strlen(name);

    if (length && name[length - 1] == '*')
        return variable->length >= length && strncmp(variable->name, name, length - 1) == 0;
    return length == variable->length && strncmp(variable->name, name, length) == 0;
}

char *log_line_render(const char *format, log_value_fn *value, void *arg)
{
    struct str line = {0};
    struct log_variable variable;
    const char *at = format, *text = format;
    bool inside = false;

    while (log_line_next(&text, &inside, &variable)) {
        str_add_n(&line, at, (size_t)(variable.name - at) - (sizeof opening - 1));
        str_add(&line, value(arg, &variable));
        at = text;
    }
    str_add(&line, at);
    return str_take(&line);
}

bool log_line_is_cut(const struct log_variable *variable)
{
    const char *end = variable->name + variable->length;

    return *end == ':' && isalpha((unsigned char)end[1]);
}

const char *log_line_ordinary(void *arg, const struct log_variable *variable)
{
    static const char *const values[][2] = {
        {"requestId", "bWEt8hvtIE0EJBA="},
        {"extendedRequestId", "bWEt8hvtIE0EJBA="},
        {"requestTimeEpoch", "1793491198"},
        {"requestTime", "31/Oct/2026:23:59:58 +0000"},
        {"status", "200"},
        {"responseLength", "1234"},
        {"dataProcessed", "2345"},
        {"responseLatency", "12"},
        {"authorizer.claims.sub", "5f0c7a3e-0001-4000-8000-000000000001"},
        {"authorizer.claims.*", "ann"},
        {"authorizer.error", "-"},
        {"error.*", "-"},
        {"integrationErrorMessage", "-"},
        {"integration.error", "-"},
        {"integration.*", "200"},
        {"integrationLatency", "11"},
        {"integrationStatus", "200"},
        {"httpMethod", "GET"},
        {"routeKey", "GET /items/{id}"},
        {"path", "/items/1"},
        {"protocol", "HTTP/1.1"},
        {"stage", "$default"},
        {"apiId", "a1b2c3d4e5"},
        {"identity.sourceIp", "203.0.113.7"},
        {"identity.userAgent", "curl/8.5.0"},
    };

    (void)arg;
    for (size_t i = 0; !log_line_is_cut(variable) && i < sizeof values / sizeof *values; i++)
        if (log_line_is(variable, values[i][0]))
            return values[i][1];
    return log_line_is_cut(variable) ? "-" : "text";
}

/* ---- reading ---- */

static size_t blanks(const char *text)
{
    return strspn(text, " \t\r\n");
}

/* Letters of a string up to its end, where it needs no unpacking; SIZE_MAX: it does, or is none. */
static size_t plain_length(const char *text)
{
    size_t length = 0;

    if (*text != '"')
        return SIZE_MAX;
    while (text[1 + length] >= ' ' && text[1 + length] < 0x7f && !strchr("\"\\", text[1 + length]))
        length++;
    return text[1 + length] == '"' ? length : SIZE_MAX;
}

/* The JSON value at *text, or NULL; moves *text behind it.  Scalars become the text that they are.
 */
static json_t *take_value(const char **text)
{
    const size_t flags =
        JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
    size_t plain = plain_length(*text);
    json_error_t error;
    json_t *value;

    if (plain != SIZE_MAX) {
        value = json_stringn(*text + 1, plain);
        *text += plain + 2;
        return value;
    }
    if (**text == '-' && (*text)[1] && strchr(",}", (*text)[1])) { /* what the view mends */
        *text += 1;
        return json_null();
    }
    value = json_loadb(*text, strlen(*text), flags, &error);
    if (!value)
        return NULL;
    if (json_is_number(value)) { /* the digits, as they stand */
        json_decref(value);
        value = json_stringn(*text, (size_t)error.position);
    } else if (json_is_boolean(value)) {
        json_t *word = json_string(json_is_true(value) ? "true" : "false");

        json_decref(value);
        value = word;
    }
    *text += error.position;
    return value;
}

/* The member at *text: its key as text, its value; NULL when it is broken.  Moves *text behind it,
 * or to where it breaks. */
static json_t *take_member(const char **text, json_t **value)
{
    const char *at = *text + blanks(*text);
    json_t *key = *at == '"' ? take_value(&at) : NULL;

    *value = NULL;
    if (key && at[blanks(at)] == ':') {
        at += blanks(at) + 1;
        at += blanks(at);
        *value = take_value(&at);
    }
    *text = at;
    at += blanks(at);
    if (*value && (*at == ',' || *at == '}')) {
        *text = at;
        return key;
    }
    json_decref(*value);
    json_decref(key);
    return NULL;
}

static void keep(json_t *members, const char *key, json_t *value, const char **repeated)
{
    if (!json_object_get(members, key))
        json_object_set(members, key, value);
    else if (repeated && !*repeated)
        *repeated = json_object_iter_key(json_object_iter_at(members, key));
}

/* *at: behind the object, or where it breaks. */
static json_t *read_members(const char **at, const char **repeated, bool *whole)
{
    json_t *members = json_object(), *key, *value;

    *whole = false;
    if (**at != '{')
        return members;
    do {
        *at += 1;
        key = take_member(at, &value);
        if (!key)
            return members;
        if (strlen(json_string_value(key)) == json_string_length(key)) /* no NUL in it */
            keep(members, json_string_value(key), value, repeated);
        json_decref(key);
        json_decref(value);
    } while (**at == ',');
    *at += 1;
    *whole = true;
    return members;
}

json_t *log_line_read(const char *line, size_t *end, const char **repeated)
{
    const char *at = line + blanks(line);
    json_t *members;
    bool whole;

    if (repeated)
        *repeated = NULL;
    members = read_members(&at, repeated, &whole);
    *end = (size_t)(at - line);
    return members;
}

bool log_line_is_whole(const char *line)
{
    const char *at = line + blanks(line);
    bool whole;

    json_decref(read_members(&at, NULL, &whole));
    return whole && !at[blanks(at)];
}

#include "resources/policy.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>

json_t *policy_parse(const json_t *wire)
{
    const char *text = json_string_value(wire);
    cleanup_free char *decoded = NULL;
    json_t *document;

    if (json_is_object(wire))
        return json_share(wire);
    if (!text)
        return NULL;
    /* IAM answers percent-encoded, S3 and Logs do not (as reply_content_policy). */
    decoded = text[strspn(text, " \t\r\n")] == '{' ? mem_text(text) : str_unescape(text);
    document = json_loads(decoded, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(document)) {
        json_decref(document);
        return NULL;
    }
    return document;
}

json_t *policy_statements(const json_t *document)
{
    json_t *statements = json_object_get(document, "Statement");

    if (json_is_object(statements))
        return json_pack("[O]", statements);
    return json_is_array(statements) ? json_share(statements) : json_array();
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *scalar_text(const json_t *value)
{
    if (json_is_string(value))
        return mem_text(json_string_value(value));
    return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

enum { ACCOUNT_DIGITS = 12 };

/* Principal values: an account's root, in whatever partition, is its id. */
static char *without_root(char *text)
{
    const char *id = strstr(text, ":iam::");
    char *account;

    if (strncmp(text, "arn:", 4) != 0 || !id || strspn(id + 6, "0123456789") != ACCOUNT_DIGITS ||
        strcmp(id + 6 + ACCOUNT_DIGITS, ":root") != 0)
        return text;
    account = mem_text_n(id + 6, ACCOUNT_DIGITS);
    free(text);
    return account;
}

enum value_form { FORM_PLAIN, FORM_ACTION, FORM_PRINCIPAL };

/* One value or a list -> sorted list of texts without repeats. */
static json_t *sorted_list(const json_t *value, enum value_form form)
{
    json_auto_t *list = json_is_array(value) ? json_share(value) : json_pack("[O]", value);
    size_t n = json_array_size(list), i;
    char **texts = mem_new((n + 1) * sizeof *texts);
    json_t *sorted = json_array();

    for (i = 0; i < n; i++) {
        texts[i] = scalar_text(json_array_get(list, i));
        for (char *p = texts[i]; form == FORM_ACTION && *p; p++)
            *p = (char)tolower((unsigned char)*p);
        if (form == FORM_PRINCIPAL)
            texts[i] = without_root(texts[i]);
    }
    qsort(texts, n, sizeof *texts, compare_text);
    for (i = 0; i < n; i++) {
        if (!i || strcmp(texts[i], texts[i - 1]))
            json_array_append_new(sorted, json_string(texts[i]));
    }
    for (i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
    return sorted;
}

static json_t *canonical_principal(const json_t *principal)
{
    json_t *result = json_object();
    const char *type;
    json_t *values;

    if (!json_is_object(principal)) {
        json_object_set_new(result, "AWS", sorted_list(principal, FORM_PRINCIPAL));
        return result;
    }
    json_object_foreach((json_t *)principal, type, values)
        json_object_set_new(result, type, sorted_list(values, FORM_PRINCIPAL));
    return result;
}

static json_t *canonical_condition(const json_t *condition)
{
    json_t *result = json_object();
    const char *operator, * key;
    json_t *keys, *values;

    json_object_foreach((json_t *)condition, operator, keys) {
        json_t *folded = json_object();

        json_object_foreach(keys, key, values) {
            cleanup_str struct str name = {0};

            for (const char *p = key; *p; p++) /* condition keys ignore case */
                str_add_char(&name, (char)tolower((unsigned char)*p));
            /* One key in two spellings is two, or the first would not count. */
            while (json_object_get(folded, str_text(&name)))
                str_add_char(&name, ' ');
            json_object_set_new(folded, str_text(&name), sorted_list(values, FORM_PLAIN));
        }
        json_object_set_new(result, operator, folded);
    }
    return result;
}

static json_t *canonical_statement(const json_t *statement)
{
    json_t *result = json_object();
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)statement, key, value) {
        if (strstr(key, "Principal"))
            json_object_set_new(result, key, canonical_principal(value));
        else if (!strcmp(key, "Condition"))
            json_object_set_new(result, key, canonical_condition(value));
        else if (!strcmp(key, "Action") || !strcmp(key, "NotAction"))
            json_object_set_new(result, key, sorted_list(value, FORM_ACTION));
        else if (!strcmp(key, "Resource") || !strcmp(key, "NotResource"))
            json_object_set_new(result, key, sorted_list(value, FORM_PLAIN));
        else
            json_object_set(result, key, value);
    }
    return result;
}

bool policy_statement_same(const json_t *a, const json_t *b)
{
    json_auto_t *x = canonical_statement(a), *y = canonical_statement(b);

    return json_same(x, y);
}

static json_t *canonical(const json_t *document)
{
    json_t *result = json_deep_copy(document), *list = json_array();
    json_auto_t *statements = policy_statements(document);
    size_t i;
    json_t *statement;

    json_array_foreach(statements, i, statement)
        json_array_append_new(list, canonical_statement(statement));
    json_object_set_new(result, "Statement", list);
    json_object_del(result, "Id"); /* a name that nothing refers to */
    if (!json_object_get(result, "Version"))
        json_object_set_new(result, "Version", json_string("2008-10-17"));
    return result;
}

bool policy_same(const json_t *a, const json_t *b)
{
    json_auto_t *x = NULL, *y = NULL;
    bool same;

    if (!json_is_object(a) || !json_is_object(b))
        return false;
    x = canonical(a);
    y = canonical(b);
    same = json_same_set(json_object_get(x, "Statement"), json_object_get(y, "Statement"));
    json_object_del(x, "Statement");
    json_object_del(y, "Statement");
    return same && json_same(x, y);
}

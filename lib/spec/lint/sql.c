/* sql.c -- sorts the tokens of Trino and Hive SQL and finds its larger parts. */
#include "spec/lint/sql.h"

#include "base/mem.h"
#include "resources/sql_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const money_words[] = {"charge", "usd",    "krw",     "eur", "jpy",
                                          "price",  "amount", "invoice", "fee"};

static enum sql_type type_of(const char *text)
{
    if (*text == '\'')
        return SQL_TEXT;
    if (*text == '"' || *text == '`')
        return SQL_NAME;
    if (isdigit((unsigned char)*text))
        return SQL_NUMBER;
    return isalpha((unsigned char)*text) || *text == '_' || (unsigned char)*text >= 0x80 ? SQL_WORD
                                                                                         : SQL_SIGN;
}

/* Puts the token at *room, and moves that behind it. */
static void add_token(struct sql *sql, const char *token, size_t length, int depth, char **room)
{
    enum sql_type type = type_of(token);
    char *text = *room;

    if (type == SQL_TEXT || type == SQL_NAME) {
        bool closed = length > 1 && token[length - 1] == token[0];

        token++;
        length -= 1 + closed;
        memcpy(text, token, length);
    } else {
        for (size_t i = 0; i < length; i++)
            text[i] = (char)tolower((unsigned char)token[i]);
    }
    text[length] = '\0';
    *room += length + 1;
    if ((sql->count & (sql->count - 1)) == 0) /* 0, 1, 2, 4, ...: full */
        sql->tokens = mem_resize(sql->tokens, sql->count ? 2 * sql->count : 1, sizeof *sql->tokens);
    sql->tokens[sql->count++] =
        (struct sql_token){.type = type, .text = text, .length = length, .depth = depth};
}

struct sql sql_read(const char *text)
{
    /* Each token has a letter at least, and an end. */
    struct sql sql = {.text = mem_new(2 * strlen(text) + 1)};
    char *room = sql.text;
    const char *token;
    size_t length;
    int depth = 0;

    while ((token = sql_text_next(&text, &length))) {
        if (*token == ')' && depth > 0)
            depth--;
        add_token(&sql, token, length, depth, &room);
        depth += *token == '(';
    }
    return sql;
}

void sql_free(struct sql *sql)
{
    free(sql->text);
    free(sql->tokens);
    *sql = (struct sql){0};
}

bool sql_next_statement(const struct sql *sql, size_t *at, struct sql *statement)
{
    while (sql_is(sql, *at, ";"))
        ++*at;
    if (*at >= sql->count)
        return false;
    *statement = (struct sql){.tokens = sql->tokens + *at};
    while (*at < sql->count && !sql_is(sql, *at, ";")) {
        statement->count++;
        ++*at;
    }
    return true;
}

bool sql_is(const struct sql *sql, size_t at, const char *text)
{
    const struct sql_token *token = at < sql->count ? &sql->tokens[at] : NULL;

    return token && token->text[0] == text[0] &&
           (token->type == SQL_WORD || token->type == SQL_SIGN) && strcmp(token->text, text) == 0;
}

bool sql_is_name(const struct sql *sql, size_t at)
{
    return at < sql->count &&
           (sql->tokens[at].type == SQL_WORD || sql->tokens[at].type == SQL_NAME);
}

bool sql_has(const struct sql *sql, size_t from, size_t to, const char *words)
{
    for (const char *word = words; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");

        for (size_t i = from; i < to && i < sql->count; i++) {
            const struct sql_token *token = &sql->tokens[i];

            if (token->length == length && token->type != SQL_TEXT && token->type != SQL_NUMBER &&
                strncasecmp(token->text, word, length) == 0)
                return true;
        }
        word += length;
    }
    return false;
}

size_t sql_close(const struct sql *sql, size_t open)
{
    for (size_t i = open + 1; i < sql->count; i++) {
        if (sql_is(sql, i, ")") && sql->tokens[i].depth <= sql->tokens[open].depth)
            return i;
    }
    return sql->count;
}

bool sql_is_call(const struct sql *sql, size_t at, const char *name)
{
    return sql_is(sql, at, name) && sql_is(sql, at + 1, "(");
}

const char *sql_table_name(const struct sql *sql, size_t at, size_t *end)
{
    if (!sql_is_name(sql, at))
        return NULL;
    while (sql_is(sql, at + 1, ".") && sql_is_name(sql, at + 2))
        at += 2;
    if (end)
        *end = at + 1;
    return sql->tokens[at].text;
}

bool sql_reads(const struct sql *sql, const char *table)
{
    for (size_t i = 0; table && i < sql->count; i++) {
        const char *name;

        if (!sql_is(sql, i, "from") && !sql_is(sql, i, "join"))
            continue;
        name = sql_table_name(sql, i + 1, NULL);
        if (name && strcasecmp(name, table) == 0)
            return true;
    }
    return false;
}

bool sql_is_about_money(const struct sql *sql)
{
    for (size_t i = 0; i < sql->count; i++) {
        for (size_t k = 0; sql_is_name(sql, i) && k < sizeof money_words / sizeof *money_words;
             k++) {
            const char *found = strstr(sql->tokens[i].text, money_words[k]);

            /* A part of its own: total_usd, charges, not "coffee" or "feeder". */
            if (found && (found == sql->tokens[i].text || found[-1] == '_'))
                return true;
        }
    }
    return false;
}

const char *sql_ctas(const struct sql *sql, size_t *body)
{
    const char *name;
    size_t at = 2, end;

    if (!sql_is(sql, 0, "create") || !sql_is(sql, 1, "table"))
        return NULL;
    if (sql_is(sql, 2, "if"))
        at = 5;
    name = sql_table_name(sql, at, &end);
    for (; name && end < sql->count; end++) {
        if (sql_is(sql, end, "as") && sql->tokens[end].depth == 0) {
            *body = end + 1;
            return name;
        }
    }
    return NULL;
}

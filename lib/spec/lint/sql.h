/* sql.h -- SQL as tokens, without comments, and a few questions lints ask about them. */
#ifndef SPEC_LINT_SQL_H
#define SPEC_LINT_SQL_H

#include <stdbool.h>
#include <stddef.h>

enum sql_type {
    SQL_WORD, /* bare word, lower case */
    SQL_NAME, /* quoted name, without the quotes */
    SQL_TEXT, /* string literal, without the quotes */
    SQL_NUMBER,
    SQL_SIGN, /* operator or punctuation */
};

struct sql_token {
    enum sql_type type;
    char *text;
    size_t length;
    int depth; /* parentheses around it; those of a pair have the depth outside */
};

struct sql {
    struct sql_token *tokens;
    size_t count;
    char *text; /* of all tokens; NULL: of a statement, borrowed */
};

/* The tokens of text; give back with sql_free. Broken text never fails: the rest is one token. */
struct sql sql_read(const char *text);
void sql_free(struct sql *sql);
/* The statement that starts at token *at (";" ends it), borrowed; moves *at on; false at the end.
 */
bool sql_next_statement(const struct sql *sql, size_t *at, struct sql *statement);

/* Token at is the bare word (or sign) text. Past the end: no. */
bool sql_is(const struct sql *sql, size_t at, const char *text);
/* Token at is a name: bare word or quoted. */
bool sql_is_name(const struct sql *sql, size_t at);
/* Whether one of the words (blank-separated list) or signs occurs in [from, to). */
bool sql_has(const struct sql *sql, size_t from, size_t to, const char *words);
/* The ")" of the "(" at token open, or count. */
size_t sql_close(const struct sql *sql, size_t open);
/* Calls a function by name: "name (" at token at. */
bool sql_is_call(const struct sql *sql, size_t at, const char *name);
/* The last part of a dotted name that starts at token at; *end: the token behind it. NULL: no name.
 */
const char *sql_table_name(const struct sql *sql, size_t at, size_t *end);
/* Whether the statement reads a table of that name (FROM or JOIN). */
bool sql_reads(const struct sql *sql, const char *table);
/* Whether a name in it speaks of money: charge, usd, price, ... */
bool sql_is_about_money(const struct sql *sql);
/* CREATE TABLE .. AS: the name of the table, *body: the token behind AS; else NULL. */
const char *sql_ctas(const struct sql *sql, size_t *body);

#endif

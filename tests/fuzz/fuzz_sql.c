/* SQL of templates, views and Athena: its tokens written one after the other are the same SQL, text
 * that is put into a statement stays one text, and access log formats are rendered and read by the
 * rules of the lints. SQL, a format and a value, each with a NUL behind it. */
#include "fuzz.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/sql_text.h"
#include "spec/lint/log_format.h"
#include "spec/lint/log_line.h"
#include "spec/lint/sql.h"

#include <string.h>

static void check_same(const char *text)
{
    cleanup_str struct str joined = {0};
    const char *rest = text, *token;
    size_t length;

    must(sql_text_same(text, text));
    while ((token = sql_text_next(&rest, &length)))
        str_addf(&joined, "%s%.*s", joined.len ? "\n" : "", (int)length,
                 token); /* none in an open text */
    must(sql_text_same(text, str_text(&joined)) && sql_text_same(str_text(&joined), text));
}

static void check_tokens(const char *text)
{
    struct sql sql = sql_read(text), statement;
    size_t at = 0, tokens = 0, end, body;

    while (sql_next_statement(&sql, &at, &statement)) {
        must(statement.count > 0);
        tokens += statement.count;
        (void)sql_ctas(&statement, &body);
        (void)sql_is_about_money(&statement);
        (void)sql_reads(&statement, "t");
        for (size_t i = 0; i < statement.count && i < 64; i++) {
            must(strlen(statement.tokens[i].text) == statement.tokens[i].length);
            must(statement.tokens[i].depth >= 0 && sql_close(&statement, i) > i);
            (void)sql_table_name(&statement, i, &end);
        }
    }
    must(tokens <= sql.count);
    sql_free(&sql);
}

/* With its quotes doubled, nothing in a text ends it. */
static void check_quoted(const char *value)
{
    cleanup_str struct str text = {0};
    struct sql sql;

    str_add(&text, "SELECT '");
    for (const char *c = value; *c; c++)
        str_addf(&text, *c == '\'' ? "''" : "%c", *c);
    str_add(&text, "' FROM t");
    sql = sql_read(str_text(&text));
    must(sql.count == 4 && sql.tokens[1].type == SQL_TEXT && sql_is(&sql, 2, "from"));
    sql_free(&sql);
}

static const char *give(void *arg, const struct log_variable *variable)
{
    (void)variable;
    return arg;
}

/* Whatever callers send, the line that comes of a format is read within its bounds. */
static void check_format(const char *format, char *value)
{
    cleanup_free char *line = log_line_render(format, give, value);
    cleanup_free char *usual = log_line_render(format, log_line_ordinary, NULL);
    json_auto_t *sources = log_format_sources(format), *losses = log_format_losses(format);
    const char *repeated;
    size_t end = 0;
    json_auto_t *members = log_line_read(line, &end, &repeated);

    must(end <= strlen(line));
    must(!repeated || json_object_get(members, repeated));
    must(!log_line_is_whole(line) || end > 0);
    must(log_format_longest(format) >= strlen(usual) || !sources);
    must(!losses || json_is_array(losses));
}

FUZZ_TARGET(sql)
{
    struct fuzz_input input = {data, size};
    cleanup_free char *text = fuzz_text(&input), *format = fuzz_text(&input);
    cleanup_free char *value = fuzz_text(&input);

    check_same(text);
    check_tokens(text);
    check_quoted(value);
    check_format(format, value);
}

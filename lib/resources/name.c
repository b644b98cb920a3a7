/* name.c -- names that go where AWS takes them, but SQL and policies read them as something else.
 */
#include "resources/name.h"

#include "base/mem.h"
#include "base/object_key.h"

#include <ctype.h>
#include <string.h>

/* Source: Athena user guide, "Reserved keywords": SQL SELECT statements and DDL. */
static const char *const reserved[] = {"all",
                                       "alter",
                                       "and",
                                       "array",
                                       "as",
                                       "authorization",
                                       "between",
                                       "bigint",
                                       "binary",
                                       "boolean",
                                       "both",
                                       "by",
                                       "case",
                                       "cast",
                                       "char",
                                       "column",
                                       "conf",
                                       "constraint",
                                       "create",
                                       "cross",
                                       "cube",
                                       "current",
                                       "current_catalog",
                                       "current_date",
                                       "current_path",
                                       "current_schema",
                                       "current_time",
                                       "current_timestamp",
                                       "current_user",
                                       "cursor",
                                       "database",
                                       "date",
                                       "deallocate",
                                       "decimal",
                                       "delete",
                                       "describe",
                                       "distinct",
                                       "double",
                                       "drop",
                                       "else",
                                       "end",
                                       "escape",
                                       "except",
                                       "exchange",
                                       "execute",
                                       "exists",
                                       "extended",
                                       "external",
                                       "extract",
                                       "false",
                                       "fetch",
                                       "first",
                                       "float",
                                       "following",
                                       "for",
                                       "foreign",
                                       "from",
                                       "full",
                                       "function",
                                       "grant",
                                       "group",
                                       "grouping",
                                       "having",
                                       "if",
                                       "import",
                                       "in",
                                       "inner",
                                       "insert",
                                       "int",
                                       "integer",
                                       "intersect",
                                       "interval",
                                       "into",
                                       "is",
                                       "join",
                                       "json_array",
                                       "json_exists",
                                       "json_object",
                                       "json_query",
                                       "json_table",
                                       "json_value",
                                       "last",
                                       "lateral",
                                       "left",
                                       "less",
                                       "like",
                                       "listagg",
                                       "local",
                                       "localtime",
                                       "localtimestamp",
                                       "macro",
                                       "map",
                                       "more",
                                       "natural",
                                       "none",
                                       "normalize",
                                       "not",
                                       "null",
                                       "numeric",
                                       "of",
                                       "on",
                                       "only",
                                       "or",
                                       "order",
                                       "out",
                                       "outer",
                                       "over",
                                       "partialscan",
                                       "partition",
                                       "percent",
                                       "preceding",
                                       "precision",
                                       "prepare",
                                       "preserve",
                                       "primary",
                                       "procedure",
                                       "range",
                                       "reads",
                                       "recursive",
                                       "reduce",
                                       "references",
                                       "regexp",
                                       "revoke",
                                       "right",
                                       "rlike",
                                       "rollback",
                                       "rollup",
                                       "row",
                                       "rows",
                                       "select",
                                       "set",
                                       "skip",
                                       "smallint",
                                       "start",
                                       "table",
                                       "tablesample",
                                       "then",
                                       "time",
                                       "timestamp",
                                       "to",
                                       "transform",
                                       "trigger",
                                       "trim",
                                       "true",
                                       "truncate",
                                       "uescape",
                                       "unbounded",
                                       "union",
                                       "uniquejoin",
                                       "unnest",
                                       "update",
                                       "user",
                                       "using",
                                       "utc_timestamp",
                                       "values",
                                       "varchar",
                                       "views",
                                       "when",
                                       "where",
                                       "window",
                                       "with"};

void name_check_catalog(const struct scope *scope, const char *field, aws_problem_fn *problem,
                        void *arg)
{
    const char *text = json_string_value(json_object_get(scope->desired, field));

    if (!text || !*text)
        return;
    for (const char *at = text; *at; at++)
        if (isupper((unsigned char)*at)) {
            problem(arg, field, "Glue folds names to lower case: write it so");
            return;
        }
    if (strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(text)) {
        problem(
            arg, field,
            "Athena reads only names of lower-case letters, digits and _: other characters mean "
            "something else in SQL and in policies");
        return;
    }
    if (!islower((unsigned char)*text))
        problem(arg, field,
                "must begin with a letter: SQL reads another beginning as something else");
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (!strcmp(text, reserved[i]))
            problem(arg, field, "is a word of SQL: a query that names it is refused by Athena");
}

void name_check_key(const struct scope *scope, const char *field, aws_problem_fn *problem,
                    void *arg)
{
    const char *text = json_string_value(json_object_get(scope->desired, field));
    const char *wrong = text ? object_key_problem(text) : NULL;

    if (wrong)
        problem(arg, field, wrong);
}

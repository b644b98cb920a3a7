/* lint_sql_shape.c -- BL32x: statements that fail, lose rows or double them by their form.
 *
 * Sources: "Considerations and limitations for CTAS queries", "INSERT INTO", "MSCK REPAIR TABLE"
 * (Athena user guide). */
#include "spec/lint/lint_rule.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ITEM_MAX = 64 };

/* The name a select item [from, to) gives its column, or NULL; *plain: it is a bare column. */
static const char *item_name(const struct sql *sql, size_t from, size_t to, bool *plain)
{
    *plain = false;
    if (to <= from || !sql_is_name(sql, to - 1))
        return NULL;
    *plain = to - from == 1 || (to - from == 3 && sql_is(sql, from + 1, "."));
    return sql->tokens[to - 1].text;
}

/* Splits [from, end of clause) at commas of the clause's depth; returns the number of items. */
static size_t split_items(const struct sql *sql, size_t from, const char *ends, size_t starts[],
                          size_t stops[])
{
    int depth = from < sql->count ? sql->tokens[from - 1].depth : 0;
    size_t count = 0, begin = from, i = from;

    for (;; i++) {
        bool end = i >= sql->count || sql->tokens[i].depth < depth ||
                   (sql->tokens[i].depth == depth && sql_has(sql, i, i + 1, ends));

        if ((end || (sql_is(sql, i, ",") && sql->tokens[i].depth == depth)) && count < ITEM_MAX) {
            starts[count] = begin;
            stops[count++] = i;
            begin = i + 1;
        }
        if (end)
            return count;
    }
}

static size_t select_items(const struct sql *sql, size_t select, size_t starts[], size_t stops[])
{
    return split_items(sql, select + 1, "from where group order having limit union", starts, stops);
}

/* Names in partitioned_by = ARRAY['a', 'b'] before token end. */
static size_t partition_names(const struct sql *sql, size_t end, const char *names[])
{
    size_t count = 0;

    for (size_t i = 0; i < end; i++) {
        if (!sql_is(sql, i, "partitioned_by"))
            continue;
        for (i++; i < end && !sql_is(sql, i, "]") && count < ITEM_MAX; i++) {
            if (sql->tokens[i].type == SQL_TEXT)
                names[count++] = sql->tokens[i].text;
        }
    }
    return count;
}

/* The outermost SELECT at or behind token from. */
static size_t first_select(const struct sql *sql, size_t from)
{
    while (from < sql->count && !(sql_is(sql, from, "select") && sql->tokens[from].depth == 0))
        from++;
    return from;
}

static bool find_partition_order(struct lint_look *look)
{
    const struct sql *sql = look->statement;
    size_t body, starts[ITEM_MAX], stops[ITEM_MAX], items, count;
    const char *names[ITEM_MAX];

    if (!sql_ctas(sql, &body))
        return false;
    count = partition_names(sql, body, names);
    items = select_items(sql, first_select(sql, body), starts, stops);
    for (size_t i = 0; i < count; i++) {
        size_t item = items - count + i;
        bool plain;
        const char *name =
            items >= count ? item_name(sql, starts[item], stops[item], &plain) : NULL;

        if (!name || strcasecmp(name, names[i]) != 0)
            return lint_rule_say(look, "%s is not in its place at the end", names[i]);
    }
    return false;
}

static bool find_placeholder(struct lint_look *look)
{
    const struct sql *sql = look->statement;

    for (size_t i = 0; i + 2 < sql->count; i++) {
        if (sql_is(sql, i, ".") && sql_is(sql, i + 1, ".") && sql_is(sql, i + 2, "."))
            return true;
    }
    return false;
}

/* An alias of the SELECT at token select that is an expression and is called name. */
static bool is_alias(const struct sql *sql, size_t select, const char *name)
{
    size_t starts[ITEM_MAX], stops[ITEM_MAX];
    size_t items = select_items(sql, select, starts, stops);

    for (size_t i = 0; i < items; i++) {
        bool plain;
        const char *have = item_name(sql, starts[i], stops[i], &plain);

        if (have && !plain && strcasecmp(have, name) == 0)
            return true;
    }
    return false;
}

/* The SELECT that the GROUP BY at token group belongs to. */
static size_t select_of(const struct sql *sql, size_t group)
{
    for (size_t i = group; i-- > 0;) {
        if (sql_is(sql, i, "select") && sql->tokens[i].depth == sql->tokens[group].depth)
            return i;
    }
    return sql->count;
}

static bool find_group_alias(struct lint_look *look)
{
    const struct sql *sql = look->statement;
    size_t starts[ITEM_MAX], stops[ITEM_MAX];

    for (size_t i = 0; i + 1 < sql->count; i++) {
        size_t select, items;

        if (!sql_is(sql, i, "group") || !sql_is(sql, i + 1, "by") ||
            (select = select_of(sql, i)) >= i)
            continue;
        items = split_items(sql, i + 2, "having order limit union", starts, stops);
        for (size_t k = 0; k < items; k++) {
            if (stops[k] - starts[k] == 1 && sql_is_name(sql, starts[k]) &&
                is_alias(sql, select, sql->tokens[starts[k]].text))
                return lint_rule_say(look, "GROUP BY %s", sql->tokens[starts[k]].text);
        }
    }
    return false;
}

/* Whether some statement of the pipeline drops the table. */
static bool is_dropped(const struct lint_subject *subject, const char *table)
{
    for (size_t i = 0; i < subject->count; i++) {
        const struct sql *sql = &subject->resources[i].sql;

        for (size_t k = 0; k + 2 < sql->count; k++) {
            size_t name = k + 2 + (sql_is(sql, k + 2, "if") ? 2 : 0);
            const char *have;

            if (!sql_is(sql, k, "drop") || !sql_is(sql, k + 1, "table"))
                continue;
            have = sql_table_name(sql, name, NULL);
            if (have && strcasecmp(have, table) == 0)
                return true;
        }
    }
    return false;
}

static bool find_drop_and_create(struct lint_look *look)
{
    size_t body;
    const char *table = sql_ctas(look->statement, &body);

    return table && is_dropped(look->subject, table) && lint_rule_say(look, "%s", table);
}

static bool find_unbounded_ctas(struct lint_look *look)
{
    const struct sql *sql = look->statement;
    size_t body;

    return sql_ctas(sql, &body) && sql_has(sql, 0, body, "partitioned_by") &&
           !sql_has(sql, body, sql->count, "where");
}

static bool find_insert(struct lint_look *look)
{
    return sql_is(look->statement, 0, "insert") && sql_is(look->statement, 1, "into");
}

static bool find_external_location(struct lint_look *look)
{
    size_t body;
    const json_t *workgroup;

    if (!sql_ctas(look->statement, &body) ||
        !sql_has(look->statement, 0, body, "external_location"))
        return false;
    for (size_t i = 0; (workgroup = lint_subject_next(look->subject, PART_QUERIES, &i));) {
        if (json_is_true(json_object_get(workgroup, "enforce")))
            return lint_rule_say(look, "workgroup %s enforces its own",
                                 lint_subject_name(workgroup));
    }
    return false;
}

static bool find_msck(struct lint_look *look)
{
    return sql_is(look->statement, 0, "msck");
}

#define SQL .field = "sql"

const struct lint lint_sql_shape[] = {
    {"BL321", "partition columns do not stand last, in the order of partitioned_by",
     "The CREATE TABLE AS fails (HIVE_COLUMN_ORDER_MISMATCH): there is no rollup to bill from.",
     "Put them last in the SELECT, in that order.", SQL, .find = find_partition_order},
    {"BL322", "the statement is not written out",
     "\"...\" is no SQL: the statement fails, and whoever fills it in groups by something else.",
     "Write the whole list.", SQL, .find = find_placeholder},
    {"BL323", "GROUP BY names an alias of the SELECT",
     "Trino does not know it there: the query fails, or takes a column of the same name instead "
     "and "
     "sums something else.",
     "Repeat the expression, or give its number.", SQL, .find = find_group_alias},
    {"BL324", "a table is dropped and built again",
     "DROP leaves the files, and between the two there is no table: readers fail, a failed build "
     "leaves no rollup at all, and the old files cost storage for ever.",
     "Write each day to a prefix of its own and switch its partition: billingd does it.", SQL,
     .find = find_drop_and_create},
    {"BL325", "CREATE TABLE AS with partitions and without a limit",
     "Athena writes at most 100 partitions in one statement: on day 101 the rollup fails, and the "
     "bill with it.",
     "Build one day at a time.", SQL, .find = find_unbounded_ctas},
    {"BL326", "INSERT INTO is not repeatable",
     "A second run, or a retry after a failure, adds the same rows again: customers are billed "
     "twice.",
     "UNLOAD to an empty prefix, then switch the partition.", SQL, .find = find_insert},
    {"BL327", "external_location in an enforcing workgroup",
     "Athena refuses the statement: there is no rollup to bill from.",
     "Declare the table (glue_table) and write to its prefix with UNLOAD.", SQL,
     .find = find_external_location},
    {"BL328", "MSCK REPAIR TABLE",
     "Until it runs, new hours are invisible and uncounted; it lists the whole bucket each time "
     "and "
     "can stop half-way without being noticed.",
     "Use partition projection (projection.enabled: \"true\").", SQL, .find = find_msck},
    {0},
};

/* Queries: placeholders, hashes, what failures mean, Athena's CSV cut anywhere. Running one is for
 * the system tests. */
#include "base/mem.h"
#include "billing/store/athena_csv.h"
#include "billing/store/athena_query_private.h"
#include "billing/store/athena_query_text.h"
#include "check.h"

#include <string.h>

static struct billing billing_with(const char *sql)
{
    return (struct billing){.queries = json_pack("{s:s}", "q", sql)};
}

static void check_value(const char *sql, json_t *values, const char *want, const char *error)
{
    struct billing billing = billing_with(sql);
    struct err e = {0};
    cleanup_free char *text = athena_query_text(&billing, "q", values, &e);

    CHECK_TEXT(text, want);
    CHECK(error ? strstr(e.text, error) != NULL : e.kind == ERR_NONE);
    json_decref(billing.queries);
    json_decref(values);
}

static void test_text(void)
{
    check_value("SELECT 1", json_object(), "SELECT 1", NULL);
    check_value("a ${from_s} b ${from_s}${run}",
                json_pack("{s:I, s:s}", "from_s", (json_int_t)1762, "run", "r-1"),
                "a 1762 b 1762r-1", NULL);
    check_value("${x", json_pack("{s:s}", "x", "1"), "${x", NULL);
    check_value("${X} $${x}", json_pack("{s:s}", "x", "1"), "${X} $1", NULL);
    check_value("${missing}", json_object(), NULL, "${missing}");
    check_value("${x}", json_pack("{s:s}", "x", "1; DROP"), NULL, "does not belong into SQL");
    check_value("${x}", json_pack("{s:s}", "x", "1 -- all"), NULL, "does not belong into SQL");
    check_value("${x}", json_pack("{s:f}", "x", 1.5), NULL, "no value");
}

static void test_unknown_query(void)
{
    struct billing billing = billing_with("SELECT 1");
    struct err e = {0};

    CHECK(!athena_query_text(&billing, "nothing", NULL, &e));
    CHECK_INT(e.kind, ERR_INVALID);
    CHECK(strstr(e.text, "'nothing'") != NULL);
    json_decref(billing.queries);
}

static void test_hash(void)
{
    struct billing one = billing_with("SELECT ${a}"), other = billing_with("SELECT ${b}");
    cleanup_free char *a = athena_query_text_hash(&one, "q");
    cleanup_free char *b = athena_query_text_hash(&other, "q");

    /* printf 'SELECT ${a}' | sha256sum */
    CHECK_TEXT(a, "4b377e590d6da04993b6399f9dbbedb81214c19779d6de4f8e21a09cfaf77107");
    CHECK(strcmp(a, b) != 0);
    json_decref(one.queries);
    json_decref(other.queries);
}

static enum athena_failure judged(const char *status)
{
    json_auto_t *json = json_loads(status, 0, NULL);

    CHECK(json != NULL);
    return athena_query_judge(json);
}

static void test_failures(void)
{
    CHECK_INT(judged("{\"State\":\"CANCELLED\"}"), ATHENA_CANCELLED);
    CHECK_INT(judged("{\"State\":\"FAILED\"}"), ATHENA_WRONG);
    CHECK_INT(judged("{\"State\":\"FAILED\",\"AthenaError\":{\"ErrorCategory\":1}}"), ATHENA_AGAIN);
    CHECK_INT(judged("{\"State\":\"FAILED\",\"AthenaError\":{\"ErrorCategory\":2}}"), ATHENA_WRONG);
    CHECK_INT(judged("{\"State\":\"FAILED\",\"AthenaError\":{\"ErrorCategory\":2,"
                     "\"Retryable\":true}}"),
              ATHENA_AGAIN);
    CHECK_INT(judged("{\"State\":\"FAILED\",\"AthenaError\":{\"ErrorCategory\":3,"
                     "\"Retryable\":false}}"),
              ATHENA_WRONG);
}

static void test_reason(void)
{
    json_auto_t *change = json_pack("{s:s}", "StateChangeReason", "COLUMN_NOT_FOUND: x");
    json_auto_t *error = json_pack("{s:{s:s}}", "AthenaError", "ErrorMessage", "out of memory");
    json_auto_t *none = json_object();

    CHECK_TEXT(athena_query_reason(change), "COLUMN_NOT_FOUND: x");
    CHECK_TEXT(athena_query_reason(error), "out of memory");
    CHECK_TEXT(athena_query_reason(none), "no reason was given");
}

static void test_writes(void)
{
    CHECK(athena_query_writes("UNLOAD (SELECT 1) TO 's3://b/'"));
    CHECK(athena_query_writes("-- a comment; SELECT\n  -- another\n\tunload (SELECT 1)"));
    CHECK(athena_query_writes("INSERT INTO t SELECT 1"));
    CHECK(!athena_query_writes("SELECT 'UNLOAD'"));
    CHECK(!athena_query_writes("-- UNLOAD\nWITH a AS (SELECT 1) SELECT * FROM a"));
    CHECK(!athena_query_writes(""));
    CHECK(!athena_query_writes("-- only a comment"));
}

/* Read in pieces of every size, the rows must be the same. */
static void check_csv(const char *bytes, const char *want)
{
    for (size_t piece = 1; piece <= strlen(bytes) + 1; piece++) {
        struct athena_csv csv = {0};
        json_auto_t *rows = NULL;
        cleanup_free char *text = NULL;
        int failed = 0;

        for (size_t at = 0; at < strlen(bytes); at += piece) {
            size_t n = strlen(bytes) - at < piece ? strlen(bytes) - at : piece;

            failed |= athena_csv_feed(&csv, bytes + at, n);
        }
        rows = athena_csv_finish(&csv);
        text = rows ? json_dumps(rows, JSON_COMPACT) : NULL;
        CHECK_TEXT(text, want);
        CHECK(!failed || !want);
    }
}

static void test_csv(void)
{
    check_csv("", "[]");
    check_csv("\"sub\",\"calls\"\n\"a\",\"1\"\n", "[[\"sub\",\"calls\"],[\"a\",\"1\"]]");
    /* NULL is nothing, an empty text is "". */
    check_csv("\"a\",,\"\"\n,,\n", "[[\"a\",null,\"\"],[null,null,null]]");
    check_csv("\n\"\"\n", "[[null],[\"\"]]");
    check_csv("\"say \"\"hi\"\"\",\"a,b\",\"two\nlines\"\n",
              "[[\"say \\\"hi\\\"\",\"a,b\",\"two\\nlines\"]]");
    check_csv("\"\"\"\"\n", "[[\"\\\"\"]]");
    check_csv("plain,1\n", "[[\"plain\",\"1\"]]");
    check_csv("\"last\",\"row\"", "[[\"last\",\"row\"]]");
    check_csv("\"\xed\x95\x9c\xea\xb8\x80\"\n", "[[\"\xed\x95\x9c\xea\xb8\x80\"]]");
    check_csv("\"cut", NULL);
    check_csv("\"a\"b\n", NULL);
    check_csv("a\"b\"\n", NULL);
    check_csv("\"\xff\"\n", NULL);
}

int main(void)
{
    test_text();
    test_unknown_query();
    test_hash();
    test_failures();
    test_reason();
    test_writes();
    test_csv();
    return check_done();
}

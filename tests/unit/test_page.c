/* The page's template language, and that no text becomes markup. */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "daemon/page/page.h"
#include "daemon/page/page_model.h"
#include "daemon/page/page_model_bill.h"
#include "daemon/page/page_model_list.h"
#include "daemon/page/page_template.h"
#include "daemon/page/page_words.h"

#include <string.h>

static void check(const char *template, const char *values, const char *wanted)
{
    json_auto_t *read = json_loads(values, 0, NULL);
    cleanup_str struct str out = {0};

    CHECK(read != NULL);
    page_template_write(template, read, &out);
    CHECK_TEXT(str_text(&out), wanted);
}

static void test_template(void)
{
    check("a {{b}} c", "{\"b\": \"<i>&\\\"'\"}", "a &lt;i&gt;&amp;&quot;&#39; c");
    check("{{n}} {{x}}{{t}}{{z}}", "{\"n\": 17, \"x\": null, \"t\": true, \"z\": 0}", "17 true0");
    check("{{a.b.c}}{{a.d.c}}{{a.b}}", "{\"a\": {\"b\": {\"c\": 1}}}", "1{&quot;c&quot;:1}");
    check("{{#l}}({{.}}{{o}}){{/l}}{{^l}}none{{/l}}", "{\"l\": [\"<\", 2], \"o\": \"!\"}",
          "(&lt;!)(2!)");
    check("{{#l}}x{{/l}}{{^l}}none{{/l}}", "{\"l\": []}", "none");
    check("{{^l}}{{#m}}m{{/m}}{{/l}}{{! words }}.", "{\"l\": false, \"m\": {}}", "m.");
    check("{{#a}}{{#b}}{{c}}{{/b}}{{/a}}", "{\"a\": {\"b\": [{\"c\": 1}, {\"c\": 2}]}, \"c\": 3}",
          "12");
    check("{{#a}}{{#b}}in{{/b}}{{/a}}out", "{\"a\": null}", "out");
    check("{{#a}}{{b}}{{/a}}", "{\"a\": {\"b\": null}, \"b\": \"around\"}", "");
}

static void check_told(const char *json, const char *whole, const char *brief)
{
    json_auto_t *number = json_loads(json, JSON_DECODE_ANY, NULL);
    cleanup_free char *a = page_words_count(number), *b = page_words_short(number);

    CHECK_TEXT(a, whole);
    CHECK_TEXT(b, brief);
}

static void test_words(void)
{
    json_auto_t *at = json_string("2026-11-30T00:00:00Z"), *none = json_null();
    json_auto_t *in = NULL, *state = NULL;

    check_told("0", "0", "0");
    check_told("999", "999", "999");
    check_told("1234567", "1,234,567", "1.2 M");
    check_told("-12345", "-12,345", "-12345");
    check_told("45600", "45,600", "46 k");
    check_told("null", "unknown", "?");
    CHECK_INT(page_words_seconds(at), 1795996800);
    in = page_words_time(at, 1795996800 - 7300);
    CHECK_TEXT(json_string_value(json_object_get(in, "text")), "in 2 h");
    CHECK(page_words_time(none, 0) == NULL);
    state = page_words_state("a state of tomorrow"); /* is never told as fine */
    CHECK_TEXT(json_string_value(json_object_get(state, "class")), "unknown");
}

/* With nothing to show it says so, and its text stays text. */
static void test_page(void)
{
    json_auto_t *documents = json_loads(
        "{\"status\": {\"now\": \"2026-11-30T00:00:00Z\", \"version\": \"<b>\", \"resources\": {},"
        " \"last_look\": null, \"ready\": false, \"rejected\": false, \"looking\": false,"
        " \"stale\": false, \"reasons\": [\"</ul><script>alert(1)</script>\"], \"pipelines\": []},"
        " \"resources\": [], \"plan\": [], \"events\": [], \"audit\": [], \"periods\": []}",
        0, NULL);
    cleanup_str struct str out = {0}, fields = {0}, api = {0};
    json_auto_t *openapi = NULL;

    page_write(documents, &out);
    CHECK(strstr(str_text(&out), "Not looked yet") != NULL);
    CHECK(strstr(str_text(&out), "Nothing is looked at") != NULL);
    CHECK(strstr(str_text(&out), "&lt;script&gt;alert(1)") != NULL);
    CHECK(strstr(str_text(&out), "<b>") == NULL);
    CHECK(strstr(str_text(&out), "{{") == NULL);
    page_fields(&fields);
    CHECK(strstr(str_text(&fields), "script-src 'sha256-") != NULL);
    page_openapi(&api);
    openapi = json_loads(str_text(&api), 0, NULL);
    CHECK_TEXT(json_string_value(json_object_get(openapi, "openapi")), "3.0.3");
}

/* What stands above all is never better than the worst pipeline, be it on the page or not. */
static void check_headline(const char *state, const char *word)
{
    json_auto_t *documents = json_pack(
        "{s:{s:s, s:s, s:{s:i}, s:s, s:b, s:b, s:b, s:b, s:[], s:[{s:s, s:s, s:[], s:[]}]},"
        " s:[], s:[], s:[{s:s, s:s, s:s, s:s, s:s, s:f}, {s:s, s:s, s:s, s:s, s:s, s:f}],"
        " s:[], s:[], s:[{s:s}, {s:s}], s:s}",
        "status", "now", "2026-11-30T00:00:00Z", "version", "1", "resources", "in_sync", 1,
        "last_look", "2026-11-30T00:00:00Z", "ready", 1, "rejected", 0, "looking", 0, "stale", 0,
        "reasons", "pipelines", "pipeline", "p", "state", "in_sync", "stations", "parts",
        "resources", "plan", "events", "event", "rollup", "level", "info", "pipeline", "p",
        "result", "failed", "day", "2026-11-28", "time", 1.0, "event", "rollup", "level", "info",
        "pipeline", "p", "result", "built", "day", "2026-11-27", "time", 1.0, "audit", "periods",
        "briefs", "state", "in_sync", "state", state, "only", "p");
    json_auto_t *model = page_model(documents);
    const json_t *events = json_object_get(model, "events");

    CHECK_TEXT(json_string_value(json_object_get(json_object_get(model, "overall"), "word")), word);
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(events, 0), "class")), "ok");
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(events, 1), "class")), "bad");
    CHECK_TEXT(json_string_value(json_object_get(json_array_get(events, 1), "what")),
               "rollup failed");
}

/* 250 pipelines: every third one differs. */
static json_t *briefs_of_many(void)
{
    json_t *briefs = json_array();

    for (int i = 0; i < 250; i++)
        json_array_append_new(
            briefs,
            json_pack("{s:o, s:s, s:i, s:i, s:i, s:i, s:[s]}", "pipeline", json_sprintf("p%d", i),
                      "state", i % 3 ? "in_sync" : "differs", "rank", i % 3 ? 1 : 5, "resources",
                      23, "differ", i % 3 ? 0 : 2, "unknown", 0, "unwell", "log_group"));
    return briefs;
}

static const char *name_in(const json_t *list, size_t row)
{
    return json_string_value(
        json_object_get(json_array_get(json_object_get(list, "rows"), row), "name"));
}

static void check_list(json_int_t from, const char *first, size_t rows, json_int_t before,
                       json_int_t after)
{
    json_auto_t *briefs = briefs_of_many();
    json_auto_t *list = page_model_list(briefs, from);

    CHECK_TEXT(name_in(list, 0), first);
    CHECK_INT(json_array_size(json_object_get(list, "rows")), rows);
    CHECK_INT(json_integer_value(json_object_get(list, "before")), before);
    CHECK_INT(json_integer_value(json_object_get(list, "after")), after);
}

/* Each pipeline stands in one row of one page; the worst come first, else the order is the spec's.
 */
static void test_list(void)
{
    json_auto_t *briefs = briefs_of_many(), *none = json_array();
    json_auto_t *list = page_model_list(briefs, 0), *empty = page_model_list(none, 7);
    const json_t *states = json_object_get(list, "states");

    check_list(0, "p0", 100, 0, 101);
    check_list(101, "p25", 100, 1, 201);
    check_list(201, "p175", 50, 101, 0);
    check_list(250, "p248", 1, 150, 0);
    check_list(30, "p87", 100, 1, 130);
    check_list(999999, "p248", 1, 150, 0);
    check_list(-5, "p0", 100, 0, 101);
    CHECK_INT(json_array_size(states), 2);
    CHECK_INT(json_integer_value(json_object_get(json_array_get(states, 0), "count")), 84);
    CHECK_INT(json_integer_value(json_object_get(json_array_get(states, 1), "count")), 166);
    CHECK_INT(json_array_size(json_object_get(empty, "rows")), 0);
}

static json_t *day_in(int year, int month, int day)
{
    return json_pack("{s:o, s:s}", "day", json_sprintf("%04d-%02d-%02d", year, month, day), "state",
                     "current");
}

/* The days in the order of their cells, each with its week and its place there. */
static char *placed(json_t *days)
{
    json_auto_t *model = json_object();
    json_auto_t *documents =
        json_pack("{s:[{s:s, s:s, s:[]}], s:[{s:s, s:s, s:b, s:[{s:s, s:s, s:n, s:b, s:o}]}]}",
                  "audit", "pipeline", "p", "verdict", "unknown", "reasons", "periods", "pipeline",
                  "p", "time_zone", "UTC", "builds", 1, "months", "month", "2026-11", "state",
                  "open", "number", "open", 1, "days", days);
    cleanup_str struct str out = {0};
    const json_t *grids;
    json_t *week, *cell;
    size_t i, j;

    page_model_bill_add(model, documents, "p", 0);
    grids = json_at(model, "calendar.grids");
    json_array_foreach(json_object_get(json_array_get(grids, 0), "weeks"), i, week)
        json_array_foreach(json_object_get(week, "cells"), j, cell)
            if (json_text(cell, "date"))
                str_addf(&out, "%s%zu.%zu", json_text(cell, "date") + 8, i, j);
            else
                str_add(&out, j == 6 ? "|" : ".");
    return str_take(&out);
}

/* Each in the row of its week and the column of its weekday, whatever days are not told. */
static void test_weeks(void)
{
    cleanup_free char *whole = placed(
        json_pack("[o, o, o]", day_in(2026, 11, 1), day_in(2026, 11, 2), day_in(2026, 11, 3)));
    cleanup_free char *gap = placed(
        json_pack("[o, o, o]", day_in(2026, 11, 3), day_in(2026, 11, 4), day_in(2026, 11, 18)));
    cleanup_free char *sunday = placed(json_pack("[o]", day_in(2026, 11, 8)));

    CHECK_TEXT(whole, "......010.6021.0031.1....|");
    CHECK_TEXT(gap, ".030.1040.2...|......|..182.2...|");
    CHECK_TEXT(sunday, "......080.6");
}

int main(void)
{
    test_list();
    test_weeks();
    check_headline("in_sync", "All is well");
    check_headline("silent", "All is well");
    check_headline("unknown", "Not all is known");
    check_headline("failed", "Needs a look");
    check_headline("differs", "Needs a look");
    test_template();
    test_words();
    test_page();
    return check_done();
}

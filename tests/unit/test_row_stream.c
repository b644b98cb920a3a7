/* A list printed as its rows come, in each form, and rows that come once more. */
#include "base/mem.h"
#include "check.h"
#include "daemon/views/row_stream.h"

#include <stdio.h>
#include <stdlib.h>

static const struct row_column columns[] = {
    {"name", false, 6}, {"size", true, 5}, {"more", false, 0}, {0}};
static const struct row_cell rows[][3] = {
    {{.text = "a"}, {.number = 7}, {.text = "=x"}},
    {{.text = "b,\""}, {.is_absent = true}, {.text = NULL}},
    {{.text = "c\u200b"}, {.number = -1}, {.text = "z"}},
};

/* What is printed when reading begins anew after so many rows (3: it does not); second: which row
 * comes first then.  new text. */
static char *printed(enum row_format format, size_t before, size_t second, int *failed)
{
    json_auto_t *head = json_pack("{s:s}", "month", "2025-10");
    struct row_stream *stream = row_stream_new(format, columns, "rows", head);
    struct err e = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *usual = stdout;

    stdout = open_memstream(&text, &length);
    row_stream_begin(stream);
    for (size_t i = 0; i < before && i < 3; i++)
        (void)row_stream_add(stream, rows[i], &e);
    if (before < 3) {
        row_stream_begin(stream);
        *failed = 0;
        for (size_t i = 0; i < 3 && !*failed; i++)
            *failed = row_stream_add(stream, rows[i ? i : second], &e);
        CHECK(!*failed || (e.kind == ERR_RETRY && strstr(e.text, "try again")));
    }
    CHECK(!row_stream_end(stream, &(struct err){0}));
    row_stream_close(stream, json_pack("{s:b}", "equal", 1));
    (void)fclose(stdout);
    stdout = usual;
    row_stream_free(stream);
    return text;
}

static void check_form(enum row_format format, const char *want)
{
    int failed = 0;

    for (size_t before = 0; before <= 3; before++) {
        char *text = printed(format, before, 0, &failed);

        CHECK_TEXT(text, want);
        CHECK(!failed);
        free(text);
    }
}

static void test_forms(void)
{
    check_form(ROW_TEXT, "NAME     SIZE  MORE\n"
                         "a           7  =x\n"
                         "b,\"         -  -\n"
                         "\"c\\u200B\"     -1  z\n");
    check_form(ROW_CSV, "name,size,more\r\n"
                        "a,7,\"'=x\"\r\n"
                        "\"b,\"\"\",,\r\n"
                        "c\u200b,-1,z\r\n");
    check_form(ROW_JSONL, "{\"name\":\"a\",\"size\":7,\"more\":\"=x\"}\n"
                          "{\"name\":\"b,\\\"\",\"size\":null,\"more\":null}\n"
                          "{\"name\":\"c\u200b\",\"size\":-1,\"more\":\"z\"}\n"
                          "{\"equal\":true}\n");
    check_form(ROW_JSON, "{\n  \"month\": \"2025-10\",\n  \"rows\": [\n"
                         "    {\"name\":\"a\",\"size\":7,\"more\":\"=x\"},\n"
                         "    {\"name\":\"b,\\\"\",\"size\":null,\"more\":null},\n"
                         "    {\"name\":\"c\u200b\",\"size\":-1,\"more\":\"z\"}\n"
                         "  ],\n  \"equal\": true\n}\n");
}

/* Another row in the place of one that was printed: told, not printed beside it. */
static void test_another_answer(void)
{
    int failed = 0;
    char *text = printed(ROW_JSONL, 2, 1, &failed);

    CHECK(failed);
    CHECK(!strstr(text, "200b"));
    free(text);
}

/* Fewer rows than were printed: told. */
static void test_fewer(void)
{
    struct row_stream *stream = row_stream_new(ROW_CSV, columns, "rows", NULL);
    struct err e = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *usual = stdout;

    stdout = open_memstream(&text, &length);
    row_stream_begin(stream);
    for (size_t i = 0; i < 3; i++)
        CHECK(!row_stream_add(stream, rows[i], &e));
    row_stream_begin(stream);
    CHECK(!row_stream_add(stream, rows[0], &e));
    CHECK(row_stream_end(stream, &e) && e.kind == ERR_RETRY);
    row_stream_free(stream);
    (void)fclose(stdout);
    stdout = usual;
    CHECK_TEXT(text, ""); /* nothing was printed yet */
    free(text);
}

/* What ends before its end: cut at any row it has no last line break, and given up it says so. */
static void test_incomplete(void)
{
    static const enum row_format formats[] = {ROW_TEXT, ROW_CSV, ROW_JSONL, ROW_JSON};

    for (size_t format = 0; format < 4; format++) {
        json_auto_t *head = json_object();
        struct row_stream *stream = row_stream_new(formats[format], columns, "rows", head);
        struct err e = {0};
        char *text = NULL, *last;
        size_t length = 0, before;
        FILE *usual = stdout;

        stdout = open_memstream(&text, &length);
        row_stream_begin(stream);
        for (size_t i = 0; i < 20000; i++)
            CHECK(!row_stream_add(stream, rows[0], &e));
        (void)fflush(stdout);
        before = length;
        CHECK(before > 65536 && (format == 2 || text[before - 1] != '\n'));
        row_stream_free(stream);
        (void)fclose(stdout);
        stdout = usual;
        last = strrchr(text, 'I');
        if (format > 1)
            CHECK_INT((long long)length, (long long)before);
        else
            CHECK_TEXT(last ? last : "", format ? "INCOMPLETE\r\n" : "INCOMPLETE\n");
        free(text);
    }
}

static void test_nothing(void)
{
    int failed = 0;
    json_auto_t *document = NULL;
    json_auto_t *head = json_pack("{s:s}", "month", "2025-10");
    struct row_stream *stream = row_stream_new(ROW_JSON, columns, "rows", head);
    char *text = NULL;
    size_t length = 0;
    FILE *usual = stdout;

    stdout = open_memstream(&text, &length);
    row_stream_begin(stream);
    CHECK(!row_stream_end(stream, &(struct err){0}));
    row_stream_close(stream, json_pack("{s:b}", "equal", 0));
    (void)fclose(stdout);
    stdout = usual;
    row_stream_free(stream);
    document = json_loads(text, 0, NULL);
    CHECK(!failed && json_array_size(json_object_get(document, "rows")) == 0);
    CHECK(json_is_false(json_object_get(document, "equal")));
    free(text);
}

int main(void)
{
    test_forms();
    test_another_answer();
    test_nothing();
    test_fewer();
    test_incomplete();
    return check_done();
}

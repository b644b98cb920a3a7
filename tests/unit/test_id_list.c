/* A customer's list of request ids in every form, and what is told of lines that hold none. */
#include "base/mem.h"
#include "base/str.h"
#include "billing/dispute/id_list.h"
#include "check.h"

#include <string.h>

/* What was taken, as "1=a 2!why": ids by their line, and unreadable lines. */
static int take_id(void *arg, const char *id, size_t length, uint64_t line, struct err *e)
{
    struct str *told = arg;

    (void)e;
    str_addf(told, "%s%llu=", told->len ? " " : "", (unsigned long long)line);
    str_add_n(told, id, length);
    return 0;
}

static int take_unreadable(void *arg, uint64_t line, const char *why, struct err *e)
{
    (void)e;
    str_addf(arg, "%s%llu!%s", ((struct str *)arg)->len ? " " : "", (unsigned long long)line, why);
    return 0;
}

/* The same however it is cut; new text: what was taken, or the error. */
static char *read_in(const struct id_list_form *form, const char *bytes, size_t length,
                     size_t piece)
{
    struct str told = {0};
    const struct id_list_taker taker = {take_id, take_unreadable, &told};
    struct err e = {0};
    struct id_list *list = id_list_new(form, &taker, &e);
    int failed = !list;

    for (size_t i = 0; !failed && i < length; i += piece)
        failed = id_list_feed(list, bytes + i, length - i < piece ? length - i : piece, &e);
    failed = failed || id_list_end(list, &e);
    id_list_free(list);
    if (!failed)
        return str_take(&told);
    CHECK(e.kind == ERR_INVALID);
    str_fini(&told);
    return mem_printf("error: %s", e.text);
}

static void check_bytes(struct id_list_form form, const char *bytes, size_t length,
                        const char *want)
{
    cleanup_free char *whole = read_in(&form, bytes, length, length + 1);
    cleanup_free char *cut = read_in(&form, bytes, length, 1);

    CHECK_TEXT(whole, want);
    CHECK_TEXT(cut, want);
}

static void check(struct id_list_form form, const char *text, const char *want)
{
    check_bytes(form, text, strlen(text), want);
}

static void test_csv(void)
{
    const struct id_list_form usual = {ID_LIST_CSV, NULL, NULL}, named = {ID_LIST_CSV, "ref", NULL},
                              second = {ID_LIST_CSV, "2", NULL};

    check(usual, "a\nb\r\n\n  c \n", "1=a 2=b 4=c");
    check(usual, "\xef\xbb\xbfrequest_id,x\na,1\nb,2", "2=a 3=b");
    check(usual, "x;Request ID\n1;a\n\"2;3\";\"b\"\"c\"\n", "2=a 3=b\"c");
    check(usual, "day\tid\n1\t'+v0=\n2\t'a\n", "2=+v0= 3='a");
    check(named, "ref,id\na,b\n", "2=a");
    check(second, "x,a\ny\nz,\"b\nc,d\n",
          "1=a 2!has fewer columns 3!has a quote that does not end on it 4=d");
    check(usual, "id,note\na,\"b, \"\"c\"\nd,5\" wide\n", "2=a 3=d");
    check(usual, "id,note\na,\"begins\nends\"\nb,\n",
          "error: line 2: a quoted field goes on over its end, and a list has one line for each "
          "request: give the column of the ids alone");
    check(usual, "id,n\n-,1\n ,2\na\tb,3\n\xff,4\n",
          "2!has no id where one should be 3!has no id where one should be "
          "4!has an id that is no UTF-8 text, or holds control characters 5!has an id that is no "
          "UTF-8 text, or holds "
          "control characters");
    check(usual, "x,y\n",
          "error: which column holds the ids? --column NAME, one of 'x', 'y', or --column N in a "
          "file "
          "without names");
    check(named, "x,y\n",
          "error: line 1 has no column 'ref': it has 'x', 'y' (a number counts columns of a file "
          "without "
          "names)");
}

/* Files that are something else. */
static void test_other_files(void)
{
    const struct id_list_form usual = {ID_LIST_CSV, NULL, NULL}, named = {ID_LIST_CSV, "ref", NULL};

    check(usual, "\x1f\x8b\x08",
          "error: line 1, column 1: the file is "
          "compressed: unpack it first (gunzip)");
    check(usual, "\xff\xfei", "error: line 1, column 1: the file is UTF-16: save it as UTF-8");
    check(usual, "BZh\n", "1=BZh"); /* an id may begin like that */
    check(usual, "BZh91AY&SY\x01",
          "error: line 1, column 1: the file is "
          "compressed: unpack it first (bunzip2)");
    check(usual, "\xef\xbb\xbf{\"requestId\":\"a\"}\n",
          "error: line 1, column 1: the file is JSON: --format jsonl takes an object on each line "
          "(`jq -c '.[]'` "
          "makes lines of a list)");
    check(usual, "[{\"id\":\"a\"}]",
          "error: line 1, column 1: the file is JSON: --format jsonl takes an object on each line "
          "(`jq -c '.[]'` "
          "makes lines of a list)");
    check(usual, "{3f2504e0}\n", "1={3f2504e0}"); /* some write their ids so */
    check(usual, "[\n  {\n    \"id\": \"a\"\n  }\n]\n",
          "error: line 1, column 1: the file is JSON: --format jsonl takes an object on each line "
          "(`jq -c '.[]'` makes lines of a list)");
    check(usual, "\r\n\n<!DOCTYPE html>\n<p>a\n",
          "error: line 3, column 1: the file is HTML: save the file itself, not a page that shows "
          "or asks for it");
    check(usual, " <HTML>\n",
          "error: line 1, column 1: the file is HTML: save the file itself, "
          "not a page that shows or asks for it");
    check(usual, "\xef\xbb\xbf<?xml version=\"1.0\"?>\n",
          "error: line 1, column 1: the file is XML: save it as plain text");
    check(named, "<ids><id>a</id></ids>\n",
          "error: line 1, column 1: the file is HTML or XML: the ids are wanted as CSV, JSON lines "
          "or a log");
    check(usual, "id\n<a>\n", "2=<a>"); /* whatever they call it */
    check(usual, "<\n", "1=<");
    check((struct id_list_form){ID_LIST_LOG, NULL, "rid=(.)"}, "<34>Oct rid=a\n<a rid=b\n",
          "1=a 2=b");
    check((struct id_list_form){ID_LIST_LOG, NULL, "(.)"}, "<html>\n",
          "error: line 1, column 1: the file is HTML: save the file itself, not a page that shows "
          "or asks for it");
    check_bytes(usual, "i\0d\0\n\0a\0", 8,
                "error: line 1 holds NUL bytes: the file is UTF-16, or no text; save it as UTF-8");
    check(named, "\n\nx,y\n",
          "error: line 3 has no column 'ref': it has 'x', 'y' (a number counts columns of a file "
          "without names)");
    check_bytes(usual, "a\nb\0c\n", 6,
                "1=a 2!has an id that is no UTF-8 text, or holds control characters");
}

static void test_jsonl(void)
{
    const struct id_list_form usual = {ID_LIST_JSONL, NULL, NULL},
                              path = {ID_LIST_JSONL, "ctx.rid", NULL};

    check(usual,
          "{\"requestId\":\"a\"}\n{\"id\":7}\n[1]\nx\n{\"n\":1}\n{\"id\":true}\n{\"id\":\"a\","
          "\"id\":\"b\"}\n",
          "1=a 2=7 3!is no JSON object 4!is no JSON 5!lacks the member with the id 6!has an id "
          "that is no text "
          "7!has a member twice");
    check(usual, "\n[{\"id\":\"a\"}]\n",
          "error: line 2, column 1: the file is one JSON document, not a line for each: `jq -c "
          "'.[]'` makes lines of a list, `jq -c .` of what is laid out on several");
    check(usual, "{\n\"id\":\"a\"}\n",
          "error: line 1, column 1: the file is one JSON document, not a line for each: `jq -c "
          "'.[]'` makes lines of a list, `jq -c .` of what is laid out on several");
    check(path, "{\"ctx\":{\"rid\":\"a\"}}\n{\"ctx.rid\":\"b\"}\n{\"ctx\":1}\n",
          "1=a 2=b 3!lacks the member with the id");
}

static void test_log(void)
{
    const struct id_list_form form = {ID_LIST_LOG, NULL, "rid=([^ ]+)"};

    check(form, "GET / rid=a 200\nGET /\xff rid=b\nnothing\n",
          "1=a 2=b 3!does not match the pattern");
    check((struct id_list_form){ID_LIST_LOG, NULL, "(a+)+$"},
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n", "1!is too much for the pattern");
    check((struct id_list_form){ID_LIST_LOG, NULL, "(a)?b"}, "b\n", "1!does not match the pattern");
    check((struct id_list_form){ID_LIST_LOG, NULL, "id"}, "",
          "error: the pattern has 0 groups: put the id, and nothing "
          "else, in (brackets); (?:...) is no group");
    check((struct id_list_form){ID_LIST_LOG, NULL, "(id"}, "",
          "error: the pattern is wrong at character 4: missing "
          "closing parenthesis");
}

/* One line without an end takes no memory, and no other line. */
static void test_long_lines(void)
{
    struct str text = {0};
    const struct id_list_form form = {ID_LIST_CSV, NULL, NULL};
    cleanup_free char *told = NULL;

    str_add(&text, "a\n");
    for (size_t i = 0; i < 3 << 20; i++)
        str_add_char(&text, 'x');
    str_add(&text, "\nb\n");
    told = read_in(&form, text.data, text.len, 4096);
    CHECK_TEXT(told, "1=a 2!is longer than 1 MiB 3=b");
    str_fini(&text);
}

int main(void)
{
    test_csv();
    test_other_files();
    test_jsonl();
    test_log();
    test_long_lines();
    return check_done();
}

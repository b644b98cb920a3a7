/* Problems: order, repeats, and how they look. */
#include "base/mem.h"
#include "base/printable.h"
#include "check.h"
#include "spec/problems.h"

#include <stdlib.h>
#include <unistd.h>

static char *printed(const struct problems *problems, bool color)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    problems_print(problems, out, color);
    (void)fclose(out);
    return text;
}

static void test_order(void)
{
    struct problems p = {0};

    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"b", 1, 1}, "x", "later file");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"a", 10, 1}, "x", "line ten");
    problems_add(&p, PROBLEM_WARNING, (struct yaml_place){"a", 9, 7}, "x", "line nine, %s",
                 "column seven");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"a", 9, 3}, "one.x", "same");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"a", 9, 3}, "two.x", "same");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"a", 0, 0}, NULL, "whole file");
    CHECK_INT(p.count, 6);
    CHECK_INT(p.errors, 5);
    problems_sort(&p);
    CHECK_INT(p.count, 5);
    CHECK_INT(p.errors, 4);
    CHECK_INT(p.warnings, 1);
    CHECK_TEXT(p.items[0].text, "whole file");
    CHECK_TEXT(p.items[1].path, "one.x");
    CHECK_TEXT(p.items[2].text, "line nine, column seven");
    CHECK_TEXT(p.items[3].text, "line ten");
    CHECK_TEXT(p.items[4].file, "b");
    problems_fini(&p);
    CHECK_INT(p.count, 0);
    problems_sort(&p);
    problems_fini(&p);
}

static void test_print(void)
{
    char name[] = "/tmp/test_problem_XXXXXX";
    int fd = mkstemp(name);
    FILE *file = fdopen(fd, "w");
    struct problems p = {0};
    struct problem *lint;
    cleanup_free char *want = NULL, *have = NULL, *color = NULL;

    (void)fputs("first\n\tküche: \x1b[31mx\nlast", file);
    (void)fclose(file);
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){name, 2, 9}, "a.b", "is wrong");
    lint = problems_add(&p, PROBLEM_WARNING, (struct yaml_place){name, 3, 1}, "c", "costs");
    (void)snprintf(lint->code, sizeof lint->code, "BL101");
    lint->cost = mem_text("everything");
    lint->remedy = mem_text("do not");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){name, 7, 1}, "d", "beyond the end");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"/no/such/file", 0, 0}, "", "is missing");
    have = printed(&p, false);
    want = mem_printf("%s:2:9: a.b: is wrong\n"
                      "      2 | \tküche: ?[31mx\n"
                      "        | \t       ^\n"
                      "%s:3:1: warning BL101: c: costs\n"
                      "      3 | last\n"
                      "        | ^\n"
                      "        cost: everything\n"
                      "      remedy: do not\n"
                      "%s:7:1: d: beyond the end\n"
                      "/no/such/file: is missing\n",
                      name, name, name);
    CHECK_TEXT(have, want);
    CHECK(!strchr(have, '\033'));
    color = printed(&p, true);
    CHECK(strstr(color, PRINTABLE_OURS "[31m") != NULL);
    problems_fini(&p);
    (void)unlink(name);
}

/* The caret stays under its column when only a part of a long line is shown. */
static void test_long_line(void)
{
    char name[] = "/tmp/test_problem_XXXXXX";
    FILE *file = fdopen(mkstemp(name), "w");
    struct problems p = {0};
    cleanup_free char *have = NULL;
    const char *line, *caret;

    for (int i = 0; i < 1000; i++)
        (void)fputs(i == 700 ? "X" : "é", file);
    (void)fclose(file);
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){name, 1, 701}, "", "here");
    have = printed(&p, false);
    line = strstr(have, " | ") + 3;
    caret = strstr(strchr(line, '\n'), " | ") + 3;
    CHECK_INT((strchr(line, 'X') - line) / 2, strchr(caret, '^') - caret);
    CHECK(strlen(have) < 1000);
    problems_fini(&p);
    (void)unlink(name);
}

/* What else is on the line is shown only when it can be no secret; a comment behind the place is
 * never. */
static void test_beside_secrets(void)
{
    static const char *const lines[] = {"{day: 9, password: hunter2}",
                                        "{day: 9, \"api-key\": hunter2}",
                                        "{day: 9, x: \"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"}",
                                        "{day: 9}  # hunter2",
                                        "{day: 9, x: \" # kept\"} # hunter2",
                                        "{day: 9, token_file: kept}"};
    char name[] = "/tmp/test_problem_XXXXXX";
    FILE *file = fdopen(mkstemp(name), "w");
    struct problems p = {0};
    cleanup_free char *have = NULL, *want = NULL;

    for (int i = 0; i < 6; i++) {
        (void)fprintf(file, "%s\n", lines[i]);
        problems_add(&p, PROBLEM_ERROR, (struct yaml_place){name, i + 1, 2}, "", "here");
    }
    (void)fclose(file);
    have = printed(&p, false);
    want = mem_printf("%s:1:2: here\n%s:2:2: here\n%s:3:2: here\n"
                      "%s:4:2: here\n      4 | {day: 9}\n        |  ^\n"
                      "%s:5:2: here\n      5 | {day: 9, x: \" # kept\"}\n        |  ^\n"
                      "%s:6:2: here\n      6 | {day: 9, token_file: kept}\n        |  ^\n",
                      name, name, name, name, name, name);
    CHECK_TEXT(have, want);
    problems_fini(&p);
    (void)unlink(name);
}

/* Bytes this process has read so far. */
static long long bytes_read(void)
{
    FILE *file = fopen("/proc/self/io", "re");
    long long bytes = -1;

    CHECK(file && fscanf(file, "rchar: %lld", &bytes) == 1);
    (void)fclose(file);
    return bytes;
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;

    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

/* What is wrong alike at thousands of places is told at some, with how many there are; and the file
 * is not read again for each. */
static void test_many(void)
{
    char name[] = "/tmp/test_problem_XXXXXX";
    FILE *file = fdopen(mkstemp(name), "w");
    struct problems p = {0};
    cleanup_free char *have = NULL;
    long long before;

    for (int i = 1; i <= 5000; i++) {
        (void)fprintf(file, "the line %d of many, with something in it to be read\n", i);
        problems_add(&p, PROBLEM_ERROR, (struct yaml_place){name, i, 1}, "a", "no region");
        problems_add(&p, PROBLEM_ERROR, (struct yaml_place){name, i, 2}, "b", "%d is odd", i / 15);
        problems_add(&p, PROBLEM_WARNING, (struct yaml_place){name, i, 3}, "c", "no region");
    }
    (void)fclose(file);
    problems_sort(&p);
    CHECK_INT(p.errors, 10000);
    CHECK_INT(p.warnings, 5000);
    before = bytes_read();
    have = printed(&p, false);
    CHECK(bytes_read() - before < 5000 * 64 * 2); /* the file, and not once for each problem */
    CHECK_INT(count_of(have, ": a: no region"), PROBLEMS_ALIKE);
    CHECK_INT(count_of(have, ": warning: c: no region"), PROBLEMS_ALIKE);
    CHECK_INT(count_of(have, "        and 4980 more like this\n"), 2);
    CHECK_INT(count_of(have, "is odd"), PROBLEMS_SHOWN - 2 * PROBLEMS_ALIKE);
    CHECK_INT(count_of(have, ":460:2: b: 30 is odd\n"), 1);
    CHECK_INT(count_of(have, ":461:2: "), 0);
    CHECK(strstr(have, "        and 13621 more problems: put these right first\n") != NULL);
    problems_fini(&p);
    (void)unlink(name);
}

int main(void)
{
    test_many();
    test_order();
    test_print();
    test_long_line();
    test_beside_secrets();
    return check_done();
}

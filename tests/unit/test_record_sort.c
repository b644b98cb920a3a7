/* Records by their bytes, whether or not they fit into memory, and what is told when the file
 * fails. */
#include "base/mem.h"
#include "billing/bulk/record_sort.h"
#include "check.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

struct text {
    char bytes[24];
    size_t length;
};

static int by_bytes(const void *a, const void *b)
{
    const struct text *one = a, *other = b;
    int order =
        memcmp(one->bytes, other->bytes, one->length < other->length ? one->length : other->length);

    return order ? order : (one->length > other->length) - (one->length < other->length);
}

/* Short texts over few letters, zero bytes among them: many are equal, or begin another. */
static struct text any_text(void)
{
    static const char letters[] = {'a', 'b', 0, (char)0xff};
    struct text text = {.length = (size_t)rand() % sizeof text.bytes};

    for (size_t i = 0; i < text.length; i++)
        text.bytes[i] = letters[(size_t)rand() % (i < 9 ? 2 : 4)];
    return text;
}

static void check_order(struct record_sort *sort, const struct text *texts, size_t count)
{
    struct err e = {0};
    const char *record;
    size_t length;

    CHECK(record_sort_begin(sort, &e) == 0);
    for (size_t i = 0; i < count; i++) {
        CHECK(record_sort_next(sort, &record, &length, &e) == 1);
        CHECK(length == texts[i].length && !memcmp(record, texts[i].bytes, length));
    }
    CHECK(record_sort_next(sort, &record, &length, &e) == 0);
    CHECK(record_sort_next(sort, &record, &length, &e) == 0);
}

/* Twice over, since a reader may begin again. */
static void test_order(size_t count, size_t memory, bool spills)
{
    struct record_sort *sort = record_sort_new(memory);
    cleanup_free struct text *texts = mem_new((count + 1) * sizeof *texts);
    struct err e = {0};

    for (size_t i = 0; i < count; i++) {
        texts[i] = any_text();
        CHECK(record_sort_add(sort, texts[i].bytes, texts[i].length, &e) == 0);
    }
    qsort(texts, count, sizeof *texts, by_bytes);
    check_order(sort, texts, count);
    check_order(sort, texts, count);
    CHECK(record_sort_count(sort) == count);
    CHECK((record_sort_spilled(sort) > 0) == spills);
    record_sort_free(sort);
}

/* Records of every length up to the longest; nothing is cut. */
static void test_long_records(void)
{
    struct record_sort *sort = record_sort_new(1 << 20);
    cleanup_free char *bytes = mem_new(RECORD_SORT_LONGEST + 1);
    struct err e = {0};
    const char *record;
    size_t length, seen = 0;

    memset(bytes, 'x', RECORD_SORT_LONGEST + 1);
    for (size_t n = RECORD_SORT_LONGEST; n; n /= 3)
        CHECK(record_sort_add(sort, bytes, n, &e) == 0);
    CHECK(record_sort_add(sort, bytes, RECORD_SORT_LONGEST + 1, &e) == -1 && e.kind == ERR_INVALID);
    err_clear(&e);
    CHECK(record_sort_begin(sort, &e) == 0);
    for (size_t n = 0; record_sort_next(sort, &record, &length, &e) == 1; n = length, seen++)
        CHECK(length > n && record[length - 1] == 'x');
    CHECK(seen == 13 && e.kind == ERR_NONE);
    record_sort_free(sort);
}

static size_t files_in(const char *directory)
{
    DIR *open = opendir(directory);
    size_t count = 0;

    while (readdir(open))
        count++;
    (void)closedir(open);
    return count;
}

/* A full disk is told with what to do; nothing is left behind, also while it runs. */
static void test_full(void)
{
    char place[] = "/tmp/record_sort.XXXXXX";
    struct rlimit usual, small;
    struct record_sort *sort = record_sort_new(4096);
    struct err e = {0};
    int failed = 0;

    CHECK(mkdtemp(place));
    (void)setenv("TMPDIR", place, 1);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)getrlimit(RLIMIT_FSIZE, &usual);
    small = usual;
    small.rlim_cur = 10000;
    (void)setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 2000 && !failed; i++)
        failed = record_sort_add(sort, "0123456789", 10, &e);
    (void)setrlimit(RLIMIT_FSIZE, &usual);
    CHECK(failed == -1 && e.kind == ERR_RETRY && strstr(e.text, place) && strstr(e.text, "TMPDIR"));
    CHECK(files_in(place) == 2);
    record_sort_free(sort);
    (void)rmdir(place);
    err_clear(&e);
    sort = record_sort_new(4096);
    for (failed = 0; !failed;)
        failed = record_sort_add(sort, "0123456789", 10, &e);
    CHECK(strstr(e.text, "cannot be made") && strstr(e.text, place));
    record_sort_free(sort);
    (void)unsetenv("TMPDIR");
}

int main(void)
{
    srand(7);
    test_order(0, 0, false);
    test_order(1, 0, false);
    test_order(3000, 0, false);
    test_order(3000, 2000, true);
    test_order(20000, 40000, true);
    test_long_records();
    test_full();
    return check_done();
}

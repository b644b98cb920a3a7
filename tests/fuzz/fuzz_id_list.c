/* A customer's list of ids, in any form: what is taken of it is the same however it is cut, each
 * line is taken, told or blank, and an id is a text.  The first byte says the form and the piece.
 */
#include "fuzz.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/dispute/id_list.h"

#include <string.h>

struct taken {
    uint64_t ids, unreadable, last;
    struct digest *digest;
};

static void note(struct taken *taken, uint64_t line, const char *text, size_t length)
{
    must(line > taken->last); /* each line at most once, in order */
    taken->last = line;
    digest_add(taken->digest, &line, sizeof line);
    digest_add(taken->digest, text, length);
}

static int take_id(void *arg, const char *id, size_t length, uint64_t line, struct err *e)
{
    struct taken *taken = arg;

    (void)e;
    must(length && str_is_utf8(id, length));
    for (size_t i = 0; i < length; i++)
        must((unsigned char)id[i] >= ' ' && id[i] != 0x7f);
    note(taken, line, id, length);
    taken->ids++;
    return 0;
}

static int take_unreadable(void *arg, uint64_t line, const char *why, struct err *e)
{
    struct taken *taken = arg;

    (void)e;
    fuzz_told(why);
    note(taken, line, why, strlen(why));
    taken->unreadable++;
    return 0;
}

/* Whether it is a list; hex: what was taken. */
static bool read_in(const struct id_list_form *form, const char *bytes, size_t length, size_t piece,
                    char hex[static 65])
{
    struct taken taken = {.digest = digest_new()};
    const struct id_list_taker taker = {take_id, take_unreadable, &taken};
    struct err e = {0};
    struct id_list *list = id_list_new(form, &taker, &e);
    int failed = !list;
    uint64_t names = form->format == ID_LIST_CSV;

    for (size_t i = 0; i < length && !failed; i += piece)
        failed = id_list_feed(list, bytes + i, length - i < piece ? length - i : piece, &e);
    failed = failed || id_list_end(list, &e);
    if (failed)
        fuzz_error(&e);
    else
        must(taken.ids + taken.unreadable + id_list_blank(list) + names >= id_list_lines(list));
    id_list_free(list);
    digest_end(taken.digest, hex);
    return !failed;
}

FUZZ_TARGET(id_list)
{
    struct fuzz_input input = {data, size};
    unsigned choice = fuzz_byte(&input);
    const char *columns[] = {NULL, "2", "id", "a.b"};
    struct id_list_form form = {.format = choice % 3,
                                .column =
                                    choice % 3 == ID_LIST_LOG ? NULL : columns[choice / 3 % 4],
                                .pattern = choice % 3 == ID_LIST_LOG ? "id=([^ ]*)" : NULL};
    size_t length;
    cleanup_free char *bytes = fuzz_rest(&input, &length);
    char whole[65], cut[65];
    bool is_list = read_in(&form, bytes, length, length + 1, whole);

    must(is_list == read_in(&form, bytes, length, 1 + choice / 12, cut));
    must(!strcmp(whole, cut));
}

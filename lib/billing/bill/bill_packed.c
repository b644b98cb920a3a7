#include "billing/bill/bill_packed.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>
#include <zlib.h>

/* So many lines are packed together: more pack better, fewer are faster to look one up. */
enum { TOGETHER = 16 };

struct block {
    unsigned char *bytes; /* zlib; each line ends with a newline */
    size_t length, whole; /* whole: of the text */
};

struct bill_packed {
    size_t users;
    json_t *head;
    struct block *blocks;
    size_t count, room; /* room: blocks */
    struct str ids;     /* all customers', each with its NUL */
    size_t *places;     /* of a line's id in ids */
    struct str text;    /* of the block under way, or of the one that was read last */
    size_t read;        /* which that is; SIZE_MAX: none */
};

struct bill_packed *bill_packed_new(void)
{
    struct bill_packed *bill = mem_new(sizeof *bill);

    *bill = (struct bill_packed){.users = 1, .read = SIZE_MAX};
    return bill;
}

struct bill_packed *bill_packed_share(struct bill_packed *bill)
{
    if (bill)
        bill->users++;
    return bill;
}

void bill_packed_free(struct bill_packed *bill)
{
    if (!bill || --bill->users)
        return;
    for (size_t i = 0; i < bill->room; i++)
        free(bill->blocks[i].bytes);
    free(bill->blocks);
    free(bill->places);
    str_fini(&bill->ids);
    str_fini(&bill->text);
    json_decref(bill->head);
    free(bill);
}

/* ---- filling ---- */

static void pack(const struct str *text, struct block *block)
{
    uLongf length = compressBound(text->len);
    unsigned char *room = mem_new(length);

    if (compress2(room, &length, (const unsigned char *)str_text(text), text->len, Z_BEST_SPEED) !=
        Z_OK)
        abort(); /* compressBound says it fits */
    *block = (struct block){mem_resize(room, length, 1), length, text->len};
}

/* What was added since the last block becomes one. */
static void end_block(struct bill_packed *bill)
{
    if (!bill->text.len || bill->read != SIZE_MAX)
        return;
    bill->blocks = mem_resize(bill->blocks, bill->room + 1, sizeof *bill->blocks);
    pack(&bill->text, &bill->blocks[bill->room++]);
    str_fini(&bill->text);
}

void bill_packed_add(struct bill_packed *bill, const json_t *line)
{
    cleanup_free char *text = json_dumps(line, JSON_COMPACT);
    const char *customer = json_text(line, "customer");

    if (!(bill->count & (bill->count + 1)) || !bill->places)
        bill->places = mem_resize(bill->places, 2 * (bill->count + 1), sizeof *bill->places);
    bill->places[bill->count++] = bill->ids.len;
    str_add_n(&bill->ids, customer ? customer : "", customer ? strlen(customer) + 1 : 1);
    str_addf(&bill->text, "%s\n", text);
    if (bill->count % TOGETHER == 0)
        end_block(bill);
}

void bill_packed_set_head(struct bill_packed *bill, json_t *head)
{
    end_block(bill);
    json_decref(bill->head);
    bill->head = head;
}

static struct bill_packed *packed_of(const json_t *bill)
{
    struct bill_packed *packed = bill_packed_new();
    const json_t *line;
    size_t i;

    json_array_foreach(json_object_get(bill, "lines"), i, line)
        bill_packed_add(packed, line);
    return packed;
}

struct bill_packed *bill_packed_of(const json_t *bill)
{
    struct bill_packed *packed = packed_of(bill);
    json_t *head = json_copy((json_t *)bill);

    if (json_object_get(head, "lines"))
        json_object_set_new(head, "lines", json_array());
    bill_packed_set_head(packed, head);
    return packed;
}

/* ---- asking ---- */

json_t *bill_packed_head(const struct bill_packed *bill)
{
    return bill ? bill->head : NULL;
}

size_t bill_packed_count(const struct bill_packed *bill)
{
    return bill->count;
}

const char *bill_packed_customer(const struct bill_packed *bill, size_t index)
{
    return bill->ids.data + bill->places[index];
}

static void unpack(struct bill_packed *bill, size_t index)
{
    const struct block *block = &bill->blocks[index];
    uLongf length = block->whole;

    if (bill->read == index)
        return;
    str_fini(&bill->text);
    bill->text = (struct str){mem_new(length + 1), length, length + 1};
    if (uncompress((unsigned char *)bill->text.data, &length, block->bytes, block->length) != Z_OK)
        abort(); /* it is ours */
    bill->read = index;
}

json_t *bill_packed_line(const struct bill_packed *bill, size_t index)
{
    const char *at, *end;

    unpack((struct bill_packed *)bill, index / TOGETHER);
    at = str_text(&bill->text);
    for (size_t i = 0; i < index % TOGETHER; i++)
        at = strchr(at, '\n') + 1;
    end = strchr(at, '\n');
    return json_loadb(at, (size_t)(end - at), 0, NULL);
}

size_t bill_packed_find(const struct bill_packed *bill, const char *customer)
{
    size_t low = 0, high = bill->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(bill_packed_customer(bill, middle), customer);

        if (!order)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

json_t *bill_packed_whole(const struct bill_packed *bill)
{
    json_t *whole = json_copy(bill->head), *lines = json_array();

    for (size_t i = 0; i < bill->count; i++)
        json_array_append_new(lines, bill_packed_line(bill, i));
    if (json_object_get(whole, "lines") || bill->count)
        json_object_set(whole, "lines", lines);
    json_decref(lines);
    return whole;
}

/* ---- texts ---- */

void bill_packed_more(const struct bill_text *out)
{
    if (out->more)
        out->more(out->arg);
}

/* How deep texts are indented; canonical: not at all, and members are sorted. */
struct form {
    size_t flags;
    const char *open, *between, *shut; /* around the members of the document */
    const char *colon;
    const char *line_open, *line_between, *line_shut; /* around its lines */
    const char *member, *line;                        /* what stands behind a newline in them */
};
static const struct form pretty = {JSON_INDENT(2) | JSON_ENCODE_ANY,
                                   "{\n  ",
                                   ",\n  ",
                                   "\n}",
                                   ": ",
                                   "[\n    ",
                                   ",\n    ",
                                   "\n  ]",
                                   "  ",
                                   "    "};
static const struct form canonical = {
    JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY, "{", ",", "}", ":", "[", ",", "]", "", ""};

/* No text of JSON holds a newline of its own. */
static void add_value(const struct bill_text *out, const struct form *form, const json_t *value,
                      const char *indent)
{
    cleanup_free char *text = json_dumps(value, form->flags);

    for (const char *at = text, *end; *at; at = end) {
        end = strchrnul(at, '\n');
        end += *end == '\n';
        str_add_n(out->text, at, (size_t)(end - at));
        if (end[-1] == '\n')
            str_add(out->text, indent);
    }
    bill_packed_more(out);
}

static void add_lines(const struct bill_packed *bill, const struct bill_text *out,
                      const struct form *form)
{
    if (!bill->count) {
        str_add(out->text, "[]");
        return;
    }
    for (size_t i = 0; i < bill->count; i++) {
        json_auto_t *line = bill_packed_line(bill, i);

        str_add(out->text, i ? form->line_between : form->line_open);
        add_value(out, form, line, form->line);
    }
    str_add(out->text, form->line_shut);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_document(const struct bill_packed *bill, const struct bill_text *out,
                         const struct form *form)
{
    cleanup_free const char **names =
        mem_new((json_object_size(bill->head) + 1) * sizeof(const char *));
    const char *name;
    json_t *value;
    size_t count = 0;

    json_object_foreach(bill->head, name, value)
        names[count++] = name;
    if (form == &canonical)
        qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) {
        json_auto_t *key = json_string(names[i]);

        str_add(out->text, i ? form->between : form->open);
        add_value(out, form, key, "");
        str_add(out->text, form->colon);
        if (!strcmp(names[i], "lines"))
            add_lines(bill, out, form);
        else
            add_value(out, form, json_object_get(bill->head, names[i]), form->member);
    }
    str_add(out->text, count ? form->shut : "{}");
}

void bill_packed_json(const struct bill_packed *bill, const struct bill_text *out)
{
    add_document(bill, out, &pretty);
    bill_packed_more(out);
    str_add(out->text, "\n");
}

void bill_packed_canonical(const struct bill_packed *bill, const struct bill_text *out)
{
    add_document(bill, out, &canonical);
    bill_packed_more(out);
}

struct hashing {
    struct digest *digest;
    struct str text;
};

static void hash_more(void *arg)
{
    struct hashing *hashing = arg;

    digest_add(hashing->digest, str_text(&hashing->text), hashing->text.len);
    hashing->text.len = 0;
}

char *bill_packed_hash(const struct bill_packed *bill)
{
    struct hashing hashing = {.digest = digest_new()};
    char hex[65];

    bill_packed_canonical(bill, &(struct bill_text){&hashing.text, hash_more, &hashing});
    digest_end(hashing.digest, hex);
    str_fini(&hashing.text);
    return mem_text(hex);
}

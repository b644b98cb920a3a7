/* YAML files as trees: positions, what is refused and where, merging, writing. */
#include "base/mem.h"
#include "base/str.h"
#include "check.h"
#include "yaml/yaml.h"

#include <unistd.h>

struct heard {
    struct str text;
    int count;
};

static void hear(void *arg, struct yaml_place place, const char *path, const char *problem)
{
    struct heard *heard = arg;

    str_addf(&heard->text, "%s:%d:%d:%s: %s\n", place.file, place.line, place.column, path,
             problem);
    heard->count++;
}

static struct yaml_node *parse(const char *text, struct heard *heard)
{
    return yaml_read_text("f", text, strlen(text), hear, heard);
}

/* Checks that text gives no tree and exactly this report. */
#define CHECK_REFUSED(bytes, report)                                                               \
    do {                                                                                           \
        struct heard heard = {0};                                                                  \
                                                                                                   \
        CHECK(!yaml_read_text("f", bytes, sizeof(bytes) - 1, hear, &heard));                       \
        CHECK_TEXT(str_text(&heard.text), report);                                                 \
        str_fini(&heard.text);                                                                     \
    } while (0)

static void test_positions(void)
{
    struct heard heard = {0};
    struct yaml_node *root =
        parse("a: 1\nb:\n  c: [x, \"y z\", é, 'q']\n  \"d.e\": |\n    two\n    "
              "lines\n",
              &heard);
    const struct yaml_node *c = yaml_at(root, "b.c"), *y = yaml_at(root, "b.c[1]");
    const struct yaml_node *q = yaml_at(root, "b.c[3]"), *d = yaml_at(root, "b.d.e");

    CHECK_INT(heard.count, 0);
    CHECK_TEXT(root->file, "f");
    CHECK_INT(c->type, YAML_LIST);
    CHECK_INT(c->key_line, 3);
    CHECK_INT(c->key_column, 3);
    CHECK_INT(c->column, 6);
    CHECK_TEXT(y->text, "y z");
    CHECK(y->quoted);
    CHECK_INT(y->line, 3);
    CHECK_INT(y->column, 10);
    CHECK_INT(q->column, 20); /* columns count characters, not bytes */
    CHECK(!yaml_find(root, "a")->quoted);
    CHECK_TEXT(d->text, "two\nlines\n");
    CHECK(d->quoted);
    CHECK(yaml_at(root, "b.c[9]") == c);
    CHECK(yaml_at(root, "b.nothing.here") == yaml_find(root, "b"));
    CHECK(!yaml_find(y, "a"));
    yaml_tree_free(root);
}

static void test_nulls(void)
{
    struct heard heard = {0};
    struct yaml_node *root = parse("[~, null, Null, NULL, '', 'null', none, ]", &heard);
    static const bool want[] = {true, true, true, true, false, false, false};

    CHECK_INT(root->count, 7);
    for (size_t i = 0; i < 7; i++)
        CHECK_INT(yaml_is_null(root->items[i]), want[i]);
    yaml_tree_free(root);
}

static void test_refused(void)
{
    CHECK_REFUSED("", "f:1:1:: the file is empty\n");
    CHECK_REFUSED("a: 1\n---\nb: 2\n", "f:2:1:: only one document per file; remove the second\n");
    CHECK_REFUSED("a:\n\tb: 1\n",
                  "f:2:1:a: YAML does not allow tabs for indentation; use blanks\n");
    CHECK_REFUSED(
        "a: 1\nb: \xe9t\xe9\n",
        "f:2:5:: not UTF-8: invalid trailing UTF-8 octet (0x74); save the file as UTF-8\n");
    CHECK_REFUSED("a: \x01\n", "f:1:4:: a control character (0x01) cannot stand here; write it as "
                               "\\x01 in double quotes\n");
    CHECK_REFUSED("\x1f\x8b\x08", "f:1:1:: the file is compressed: unpack it first (gunzip)\n");
    CHECK_REFUSED("\n<!doctype html>\n", "f:1:1:: the file is HTML: save the file itself, not a "
                                         "page "
                                         "that shows or asks for it\n");
    CHECK_REFUSED("a: \"x\\0y\"\n", "f:1:4:a: a text cannot hold a NUL character\n");
    CHECK_REFUSED("a: &x 1\nb: *x\nc: {<<: *x}\n",
                  "f:1:4:a: anchors (&name) are not supported; put a text that begins with & in "
                  "quotes\n"
                  "f:2:4:b: aliases (*name) are not supported; write the value out\n"
                  "f:3:5:c: merge keys (<<) are not supported; write the keys out\n"
                  "f:3:9:c.<<: aliases (*name) are not supported; write the value out\n");
    CHECK_REFUSED("a: &x\n", "f:1:4:a: anchors (&name) are not supported; put a text that begins "
                             "with & in quotes\n");
    CHECK_REFUSED("? [a]\n: 1\n", "f:1:3:: a key must be a text\n");
    CHECK_REFUSED("a: !x 1\nb: !x {}\nc: !x []\n",
                  "f:1:4:a: tags (!...) are not supported; put texts in quotes\n"
                  "f:2:4:b: tags (!...) are not supported\n"
                  "f:3:4:c: tags (!...) are not supported\n");
    CHECK_REFUSED("a: [1, 2\nb: 3\n",
                  "f:1:4:a: the [ opened here is not closed, or a comma is missing, before line 2; "
                  "close it with ], and put texts that hold [ ] { } or , in quotes\n");
    CHECK_REFUSED("a: 'b\nc: 1\n", "f:1:4:a: the quote opened here is never closed; close it\n");
    CHECK_REFUSED("a: \"b\nc: \"d\"\n",
                  "f:1:4:: the quote opened here ends only in line 2, and what follows there makes "
                  "no sense; close it in this line\n");
    CHECK_REFUSED("a: \"b\n  c\"\nd: [\n",
                  "f:4:1:d: a value is missing here, or what was opened with [ or { is not "
                  "closed\n");
    /* The end of a file is in its last line. */
    CHECK_REFUSED("a: 1\rd: [", "f:2:5:d: a value is missing here, or what was opened with [ or { "
                                "is not closed\n");
    CHECK_REFUSED("# only", "f:1:7:: the file is empty\n");
}

/* The classic bomb is refused at its first anchor, and nesting has an end. */
static void test_bombs(void)
{
    struct heard heard = {0};
    struct str deep = {0};

    CHECK(!parse("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", &heard));
    CHECK_INT(heard.count, 3 + 4);
    str_fini(&heard.text);
    heard = (struct heard){0};
    for (int i = 0; i < 5000; i++)
        str_add(&deep, "[");
    CHECK(!parse(str_text(&deep), &heard));
    CHECK(strstr(str_text(&heard.text), "nested too deeply") != NULL);
    str_fini(&heard.text);
    str_fini(&deep);
}

static void test_duplicates(void)
{
    struct heard heard = {0};
    struct yaml_node *root = parse("a: 1\nb: {c: 1, c: 2}\na: 3\n", &heard);

    CHECK_TEXT(str_text(&heard.text), "f:2:11:b.c: duplicate key; it already stands in line 2\n"
                                      "f:3:1:a: duplicate key; it already stands in line 1\n");
    CHECK_INT(root->count, 2);
    CHECK_TEXT(yaml_find(root, "a")->text, "1");
    str_fini(&heard.text);
    yaml_tree_free(root);
}

static void test_files(void)
{
    struct heard heard = {0};

    CHECK(!yaml_read("tests/no-such-file.yaml", hear, &heard));
    CHECK(!yaml_read("tests", hear, &heard));
    CHECK_TEXT(str_text(&heard.text),
               "tests/no-such-file.yaml:0:0:: cannot be read: No such file or directory\n"
               "tests:0:0:: is a folder; name a file in it\n");
    str_fini(&heard.text);
}

static void test_merge(void)
{
    struct heard heard = {0};
    struct yaml_node *base = parse("a: {x: 1, y: [1, 2]}\nb: 1\nc: 1\n", &heard);
    struct yaml_node *over = parse("a: {y: [3], z: ~, w: {v: 1}}\nb: ~\nd: ~\nc: {e: 1}\n", &heard);
    struct yaml_node *copy = yaml_copy(base);

    yaml_merge(copy, over);
    CHECK_INT(copy->count, 2);
    CHECK_TEXT(yaml_at(copy, "a.x")->text, "1");
    CHECK_INT(yaml_at(copy, "a.y")->count, 1);
    CHECK_TEXT(yaml_at(copy, "a.w.v")->text, "1");
    CHECK(!yaml_find(yaml_find(copy, "a"), "z"));
    CHECK_TEXT(yaml_at(copy, "c.e")->text, "1");
    CHECK_INT(base->count, 3); /* untouched */
    yaml_tree_free(copy);
    yaml_tree_free(over);
    yaml_tree_free(base);
    yaml_tree_free(NULL);
}

/* A copy has in common with the original what neither changes. */
static void test_copies_share(void)
{
    struct heard heard = {0};
    struct yaml_node *base = parse("a: {x: $p, y: [1, 2]}\nb: {z: 1}\n", &heard);
    struct yaml_node *copy = yaml_copy(base), *second = yaml_copy(base), *own;

    CHECK(yaml_find(copy, "b") == yaml_find(base, "b"));
    CHECK(yaml_has_dollar(base) && yaml_has_dollar(yaml_find(base, "a")));
    CHECK(!yaml_has_dollar(yaml_find(base, "b")));
    own = yaml_own(&copy->items[0]);
    CHECK(own != yaml_find(base, "a") && yaml_find(second, "a") == yaml_find(base, "a"));
    CHECK(own == yaml_own(&copy->items[0])); /* it is by now */
    own = yaml_own(&own->items[0]);
    free(own->text);
    own->text = mem_text("value");
    CHECK_TEXT(yaml_at(base, "a.x")->text, "$p");
    CHECK_TEXT(yaml_at(copy, "a.x")->text, "value");
    CHECK(yaml_at(copy, "a.y") == yaml_at(base, "a.y"));
    yaml_tree_free(base); /* what others share stays */
    CHECK_TEXT(yaml_at(copy, "b.z")->text, "1");
    CHECK_TEXT(yaml_at(second, "a.x")->text, "$p");
    yaml_tree_free(copy);
    yaml_tree_free(second);
}

/* What is written reads back as the same texts, and texts that look like something else are quoted.
 */
static void test_write(void)
{
    static const char *const texts[] = {"",       "plain", "true", "No",         "null", "~",
                                        "0123",   "1e3",   "-",    "2025-10-01", "a: b", "#x",
                                        "*",      "a\nb",  "a\n",  " lead",      "é",    "\"'",
                                        "x\ty\n", ".5",    "=",    "<<",         "on",   "{a}"};
    json_auto_t *value = json_object();
    json_t *list = json_array();
    struct heard heard = {0};
    struct yaml_node *root;
    cleanup_free char *text = NULL;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        json_array_append_new(list, json_string(texts[i]));
    json_object_set_new(value, "list", list);
    json_object_set_new(value, "n", json_integer(-5));
    json_object_set_new(value, "on", json_true());
    json_object_set_new(value, "empty", json_object());
    text = yaml_write(value);
    root = parse(text, &heard);
    CHECK_INT(heard.count, 0);
    CHECK_INT(yaml_find(root, "list")->count, sizeof texts / sizeof *texts);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_TEXT(yaml_find(root, "list")->items[i]->text, texts[i]);
    CHECK(yaml_find(root, "list")->items[2]->quoted);
    CHECK(!yaml_find(root, "n")->quoted);
    CHECK_TEXT(yaml_find(root, "on")->text, "true");
    CHECK_INT(yaml_find(root, "empty")->type, YAML_MAP);
    yaml_tree_free(root);
}

/* What a linear search, item by item, finds in a mapping of many: also after some were removed,
 * replaced and added. */
static void test_many(void)
{
    struct yaml_node *base = yaml_new(YAML_MAP, NULL), *over = yaml_new(YAML_MAP, NULL);

    for (int i = 0; i < 2000; i++) {
        struct yaml_node *item = yaml_new(YAML_TEXT, NULL);

        item->key = mem_printf("k%d", i);
        item->text = mem_printf("%d", i);
        yaml_add(i < 1000 ? base : over, item);
    }
    for (int i = 0; i < 1000; i += 3) {
        struct yaml_node *item = yaml_new(YAML_TEXT, NULL);

        item->key = mem_printf("k%d", i);
        item->text = mem_text(i % 2 ? "~" : "new");
        yaml_add(over, item);
    }
    CHECK_TEXT(yaml_find(base, "k999")->text, "999");
    CHECK(base->places != NULL); /* not found by looking at each */
    yaml_merge(base, over);
    for (int i = 0; i < 2000; i++) {
        cleanup_free char *key = mem_printf("k%d", i), *text = mem_printf("%d", i);
        const struct yaml_node *found = yaml_find(base, key), *want = NULL;

        for (size_t j = 0; j < base->count && !want; j++)
            if (!strcmp(base->items[j]->key, key))
                want = base->items[j];
        CHECK(found == want);
        CHECK(!found == (i < 1000 && i % 6 == 3));
        if (found)
            CHECK_TEXT(found->text, i < 1000 && i % 6 == 0 ? "new" : text);
    }
    CHECK(!yaml_find(base, "k2000"));
    yaml_tree_free(base);
    yaml_tree_free(over);
}

/* A byte order mark is no part of the first key. */
static void test_byte_order_mark(void)
{
    char name[] = "/tmp/test_yaml_XXXXXX";
    FILE *file = fdopen(mkstemp(name), "w");
    struct heard heard = {0};
    struct yaml_node *root;

    (void)fputs("\xef\xbb\xbf"
                "a: 1\nb: 2\n",
                file);
    (void)fclose(file);
    root = yaml_read(name, hear, &heard);
    CHECK_TEXT(str_text(&heard.text), "");
    CHECK_TEXT(yaml_find(root, "a")->text, "1");
    CHECK_INT(yaml_find(root, "a")->key_column, 1);
    CHECK_TEXT(yaml_find(root, "b")->text, "2");
    yaml_tree_free(root);
    (void)unlink(name);
}

/* Texts of every kind of sign, as keys and as values, in lists and mappings: what is written reads
 * back the same. */
static void test_write_any(void)
{
    static const char *const signs[] = {
        "a",  " ",   "\n", "\t", "\r",     "#",        "'", "\"", ":", "-",
        "${", "$${", "\\", "|",  "\u202e", "\xc2\x85", "é", "😀",  "%", "\x1b",
        "{",  "]",   ",",  "~",  "\ufeff", "\u2028",   "0", "&",  "!", "*"};
    const size_t count = sizeof signs / sizeof *signs;
    unsigned long seed = 1;

    for (int round = 0; round < 3000; round++) {
        json_auto_t *value = json_object();
        cleanup_str struct str text = {0};
        cleanup_free char *written = NULL;
        struct heard heard = {0};
        struct yaml_node *root;

        for (int i = 0; i < 1 + round % 7; i++) {
            seed = seed * 6364136223846793005UL + 1442695040888963407UL;
            str_add(&text, signs[(seed >> 33) % count]);
        }
        json_object_set_new(value, str_text(&text),
                            json_pack("[s, {s:s}]", str_text(&text), "k", str_text(&text)));
        written = yaml_write(value);
        root = parse(written, &heard);
        CHECK_TEXT(str_text(&heard.text), "");
        CHECK_TEXT(root->items[0]->key, str_text(&text));
        CHECK_TEXT(root->items[0]->items[0]->text, str_text(&text));
        CHECK_TEXT(root->items[0]->items[1]->items[0]->text, str_text(&text));
        CHECK(!yaml_is_null(root->items[0]->items[0]));
        str_fini(&heard.text);
        yaml_tree_free(root);
    }
}

int main(void)
{
    test_write_any();
    test_many();
    test_byte_order_mark();
    test_positions();
    test_nulls();
    test_refused();
    test_bombs();
    test_duplicates();
    test_files();
    test_merge();
    test_copies_share();
    test_write();
    return check_done();
}

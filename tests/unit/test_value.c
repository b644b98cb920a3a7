/* Values between spec, wire and comparison, for each type of field. */
#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "resources/value.h"

static json_t *parsed(const char *text)
{
    json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

    if (text && !value)
        fprintf(stderr, "no JSON: %s\n", text);
    CHECK(!text || value);
    return value;
}

/* Differences between want and have as "field field"; "" when there are none. */
static char *differences(const struct field *field, const char *want, const char *have)
{
    json_auto_t *a = parsed(want), *b = parsed(have), *list = json_array();
    char *names = mem_text("");
    size_t i;
    json_t *item;

    value_differences(field, a, b, list);
    json_array_foreach(list, i, item) {
        char *more = mem_printf("%s%s%s", names, *names ? " " : "", json_text(item, "field"));

        CHECK(json_object_get(item, "want") || json_object_get(item, "have"));
        free(names);
        names = more;
    }
    return names;
}

#define POLICY                                                                                     \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"a:B\"}]}"
#define POLICY_LISTS                                                                               \
    "{\"Statement\":{\"Action\":[\"A:b\"],\"Effect\":\"Allow\"},\"Version\":\"2012-10-17\"}"

static const struct {
    enum field_type type;
    const char *want, *have, *differ;
} comparisons[] = {
    {FIELD_TEXT, "\"a\"", "\"a\"", ""},
    {FIELD_TEXT, "\"a\"", "\"A\"", "f"},
    {FIELD_TEXT, "\"a\"", NULL, "f"},
    {FIELD_TEXT, "\"\"", NULL, ""},
    {FIELD_TEXT, NULL, "\"a\"", ""}, /* not declared: left alone */
    {FIELD_INT, "1", "1.0", ""},
    {FIELD_INT, "1", "2", "f"},
    {FIELD_INT, "1", NULL, "f"},
    {FIELD_NUMBER, "0.5", "0.5", ""},
    {FIELD_NUMBER, "0.5", "0.25", "f"},
    {FIELD_NUMBER, "1", "1.0", ""},
    {FIELD_NUMBER, "1.0", "1", ""},
    {FIELD_NUMBER, "0", "0.0", ""},
    {FIELD_NUMBER, "0", NULL, "f"}, /* a threshold of nothing is no threshold */
    {FIELD_BOOL, "true", "true", ""},
    {FIELD_BOOL, "true", "false", "f"},
    {FIELD_BOOL, "false", NULL, ""},
    {FIELD_BOOL, "true", NULL, "f"},
    {FIELD_ARN, "\"arn:x\"", "\"arn:x:*\"", ""},
    {FIELD_ARN, "\"arn:x:*\"", "\"arn:x\"", ""},
    {FIELD_ARN, "\"arn:x\"", "\"arn:y:*\"", "f"},
    {FIELD_ARN, "\"arn:x\"", NULL, "f"},
    {FIELD_LOCATION, "\"s3://b/p/\"", "\"s3://b/p\"", ""},
    {FIELD_LOCATION, "\"s3://b/p/\"", "\"s3://b/q/\"", "f"},
    {FIELD_SQL, "\"SELECT 1\"", "\"select\\n1 -- x\"", ""},
    {FIELD_SQL, "\"SELECT 1\"", "\"SELECT 2\"", "f"},
    {FIELD_SQL, "\"SELECT 1\"", NULL, "f"},
    {FIELD_LOWER, "\"Name\"", "\"name\"", ""},
    {FIELD_LOWER, "\"name\"", "\"names\"", "f"},
    {FIELD_MAP, "{\"a\":\"1\"}", "{\"a\":\"1\",\"b\":\"2\"}", ""},
    {FIELD_MAP, "{\"a\":\"1\",\"b\":\"2\"}", "{\"a\":\"3\"}", "f.a f.b"},
    {FIELD_MAP, "{\"a\":\"\"}", "{}", "f.a"}, /* an empty tag is a tag */
    {FIELD_MAP, "{\"a\":\"1\"}", NULL, "f.a"},
    {FIELD_DOCUMENT, "{\"a\":true}", "{\"a\":true,\"b\":true}", ""},
    {FIELD_DOCUMENT, "{\"a\":true,\"b\":true}", "{\"a\":false,\"b\":true}", "f.a"},
    {FIELD_DOCUMENT, "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1,\"c\":2}}", ""},
    {FIELD_DOCUMENT, "\"a\"", "\"b\"", "f"}, /* no document at all */
    {FIELD_MAP, "\"a\"", "\"b\"", "f"},
    {FIELD_LIST, "\"a\"", "\"b\"", "f"},
    {FIELD_SET, "\"a\"", "\"b\"", "f"},
    {FIELD_SET, "\"a\"", NULL, "f"},
    {FIELD_RULES, "\"a\"", "\"b\"", "f"},
    {FIELD_STATEMENTS, "\"a\"", "\"b\"", "f"},
    {FIELD_COLUMNS, "\"a\"", "\"b\"", "f"},
    {FIELD_LIST, "[{\"T\":\"a\"},{\"T\":\"b\"}]", "[{\"T\":\"a\",\"x\":1},{\"T\":\"b\"}]", ""},
    {FIELD_LIST, "[{\"T\":\"a\"},{\"T\":\"b\"}]", "[{\"T\":\"b\"},{\"T\":\"a\"}]", "f"},
    {FIELD_LIST, "[{\"T\":\"a\"}]", "[{\"T\":\"a\"},{\"T\":\"b\"}]", "f"},
    {FIELD_LIST, "[{\"T\":\"a\",\"P\":[{\"N\":\"1\"}]}]",
     "[{\"T\":\"a\",\"P\":[{\"N\":\"2\"},{\"N\":\"1\"}]}]", ""},
    {FIELD_LIST, "[]", "[{\"T\":\"a\"}]", "f"},
    {FIELD_SET, "[\"a\",\"b\"]", "[\"b\",\"a\"]", ""},
    {FIELD_SET, "[\"a\"]", "[\"a\",\"b\"]", "f"},
    {FIELD_SET, "[{\"N\":1},{\"N\":2}]", "[{\"N\":2},{\"N\":1}]", ""},
    {FIELD_SET, "[{\"N\":1},{\"N\":2}]", "[{\"N\":2},{\"N\":3}]", "f"},
    {FIELD_POLICY, POLICY, POLICY_LISTS, ""},
    {FIELD_POLICY, POLICY, "{\"Statement\":[]}", "f"},
    {FIELD_POLICY, POLICY, "\"no policy\"", "f"},
    {FIELD_COLUMNS, "{\"a\":\"int\",\"b\":\"array<string>\"}",
     "{\"A\":\"INT\",\"b\":\"array< string >\"}", ""},
    {FIELD_COLUMNS, "{\"a\":\"int\",\"b\":\"int\"}", "{\"b\":\"int\",\"a\":\"int\"}", "f"},
    {FIELD_COLUMNS, "{\"a\":\"int\"}", "{\"a\":\"int\",\"b\":\"int\"}", "f"},
    {FIELD_COLUMNS, "{\"a\":\"int\"}", NULL, "f"},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"D\":1}]", "[{\"ID\":\"x\"},{\"ID\":\"our-a\",\"D\":1}]",
     ""},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"D\":1}]", "[{\"ID\":\"our-a\",\"D\":2}]", "f[our-a]"},
    {FIELD_RULES, "[{\"ID\":\"our-a\"}]", "[{\"ID\":\"our-b\"}]", "f[our-a] f[our-b]"},
    {FIELD_RULES, "[]", "[{\"ID\":\"other\"}]", ""},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"\"}}]",
     "[{\"ID\":\"our-a\",\"Filter\":{}}]", ""},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"\"}}]",
     "[{\"ID\":\"our-a\",\"Prefix\":\"\"}]", ""},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"a/\"}}]",
     "[{\"ID\":\"our-a\",\"Prefix\":\"a/\"}]", ""},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"a/\"}}]",
     "[{\"ID\":\"our-a\",\"Filter\":{\"And\":{\"Prefix\":\"a/\"}}}]", ""},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"a/\"}}]",
     "[{\"ID\":\"our-a\",\"Prefix\":\"a\"}]", "f[our-a]"},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"a/\"}}]",
     "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"\"}}]", "f[our-a]"},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"Filter\":{\"Tag\":{\"Key\":\"k\",\"Value\":\"v\"}}}]",
     "[{\"ID\":\"our-a\",\"Filter\":{\"And\":{\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"}]}}}]", ""},
    {FIELD_RULES,
     "[{\"ID\":\"our-a\",\"Filter\":{\"And\":{\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"},{\"Key\":"
     "\"l\",\"Value\":\"v\"}]}}}]",
     "[{\"ID\":\"our-a\",\"Filter\":{\"And\":{\"Prefix\":\"\",\"Tags\":[{\"Key\":\"l\",\"Value\":"
     "\"v\"},{\"Key\":\"k\",\"Value\":\"v\"}]}}}]",
     ""},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"Filter\":{\"Tag\":{\"Key\":\"k\",\"Value\":\"v\"}}}]",
     "[{\"ID\":\"our-a\",\"Filter\":{\"And\":{\"Tags\":[{\"Key\":\"k\",\"Value\":\"v\"},{\"Key\":"
     "\"l\",\"Value\":\"v\"}]}}}]",
     "f[our-a]"},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"Filter\":{\"ObjectSizeGreaterThan\":5}}]",
     "[{\"ID\":\"our-a\",\"Filter\":{\"And\":{\"ObjectSizeGreaterThan\":5}}}]", ""},
    {FIELD_RULES,
     "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"a/"
     "\"},\"Transitions\":[{\"Days\":1,\"StorageClass\":\"X\"},{\"Days\":2,\"StorageClass\":\"Y\"}]"
     "}]",
     "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"a/"
     "\"},\"Transitions\":[{\"Days\":2,\"StorageClass\":\"Y\"},{\"Days\":1,\"StorageClass\":\"X\"}]"
     "}]",
     ""},
    {FIELD_RULES,
     "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"a/"
     "\"},\"Transitions\":[{\"Days\":1,\"StorageClass\":\"X\"},{\"Days\":2,\"StorageClass\":\"Y\"}]"
     "}]",
     "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"a/"
     "\"},\"Transitions\":[{\"Days\":1,\"StorageClass\":\"X\"}]}]",
     "f[our-a]"},
    {FIELD_RULES, "[{\"ID\":\"our-a\",\"Filter\":{\"Prefix\":\"a/\"}}]",
     "[{\"ID\":\"our-a\",\"Filter\":1}]", "f[our-a]"},
    {FIELD_COLUMNS, "{\"a\":\"int\",\"b\":\"map<int,struct<integer:int>>\",\"c\":\"decimal(10)\"}",
     "{\"a\":\"integer\",\"b\":\"map<integer, struct<integer:INTEGER>>\",\"c\":\"decimal(10,0)\"}",
     ""},
    {FIELD_COLUMNS, "{\"a\":\"struct<int:int>\"}", "{\"a\":\"struct<integer:int>\"}", "f"},
    {FIELD_COLUMNS, "{\"a\":\"int\"}", "{\"a\":\"bigint\"}", "f"},
    {FIELD_COLUMNS, "{\"a\":\"decimal(10,2)\"}", "{\"a\":\"decimal(10)\"}", "f"},
    {FIELD_STATEMENTS, "[{\"Sid\":\"our-a\",\"Action\":\"x:Y\"}]",
     "[{\"Effect\":\"Deny\"},{\"Sid\":\"our-a\",\"Action\":[\"X:y\"]}]", ""},
    {FIELD_STATEMENTS, "[{\"Sid\":\"our-a\"}]", NULL, "f[our-a]"},
};

static void test_differences(void)
{
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        const struct field field = {.name = "f", .type = comparisons[i].type, .own = "our-"};
        cleanup_free char *names = differences(&field, comparisons[i].want, comparisons[i].have);

        CHECK_TEXT(names, comparisons[i].differ);
        if (strcmp(names, comparisons[i].differ))
            fprintf(stderr, "  type %d: %s, %s\n", (int)field.type, comparisons[i].want,
                    comparisons[i].have ? comparisons[i].have : "nothing");
    }
}

static void test_truths(void)
{
    static const struct {
        const char *want, *have, *differ;
    } texts[] = {{"{\"a\":\"TRUE\",\"b\":\"false\"}", "{\"a\":\"true\",\"b\":\"False\"}", ""},
                 {"{\"a\":\"TRUE\"}", "{\"a\":\"false\"}", "f.a"},
                 {"{\"a\":\"TRUE\"}", "{}", "f.a"},
                 {"{\"a\":\"X\"}", "{\"a\":\"x\"}", "f.a"}};
    struct field field = {.name = "f", .type = FIELD_MAP, .flags = FIELD_TRUTHS};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cleanup_free char *names = differences(&field, texts[i].want, texts[i].have);

        CHECK_TEXT(names, texts[i].differ);
    }
    field.flags = 0; /* letters of a tag count */
    cleanup_free char *names = differences(&field, texts[0].want, texts[0].have);

    CHECK_TEXT(names, "f.a f.b");
}

static const struct {
    enum field_type type;
    const char *want, *have, *merged;
} merges[] = {
    {FIELD_TEXT, "\"a\"", "\"b\"", "\"a\""},
    {FIELD_MAP, "{\"a\":\"1\"}", "{\"a\":\"0\",\"b\":\"2\"}", "{\"a\":\"1\",\"b\":\"2\"}"},
    {FIELD_MAP, "{\"a\":\"1\"}", NULL, "{\"a\":\"1\"}"},
    {FIELD_DOCUMENT, "{\"a\":true}", "{\"b\":false}", "{\"b\":false,\"a\":true}"},
    /* Others' rules stay in their places; ours no longer wanted goes; a new one comes last. */
    {FIELD_RULES, "[{\"ID\":\"our-n\"},{\"ID\":\"our-k\",\"D\":2}]",
     "[{\"ID\":\"x\"},{\"ID\":\"our-k\",\"D\":1},{\"ID\":\"our-old\"},{\"D\":7}]",
     "[{\"ID\":\"x\"},{\"ID\":\"our-k\",\"D\":2},{\"D\":7},{\"ID\":\"our-n\"}]"},
    {FIELD_STATEMENTS, "[{\"Sid\":\"our-a\"}]", "[{\"Effect\":\"Deny\"}]",
     "[{\"Effect\":\"Deny\"},{\"Sid\":\"our-a\"}]"},
    {FIELD_STATEMENTS, "[]", "[{\"Sid\":\"our-a\"},{\"Sid\":\"b\"}]", "[{\"Sid\":\"b\"}]"},
};

static void test_merges(void)
{
    for (size_t i = 0; i < sizeof merges / sizeof *merges; i++) {
        const struct field field = {.name = "f", .type = merges[i].type, .own = "our-"};
        json_auto_t *want = parsed(merges[i].want), *have = parsed(merges[i].have),
                    *expected = parsed(merges[i].merged);
        json_auto_t *before = json_deep_copy(have), *merged = value_merge(&field, want, have);
        json_auto_t *again = value_merge(&field, want, merged);
        cleanup_free char *left = json_canonical(merged), *right = json_canonical(expected);
        cleanup_free char *rest = NULL;

        CHECK_TEXT(left, right);
        CHECK(json_equal(again, merged)); /* merging twice is merging once */
        CHECK(!have || json_equal(before, have));
        rest = json_dumps(merged, JSON_ENCODE_ANY | JSON_COMPACT);
        free(rest);
        rest = differences(&field, merges[i].want, left);
        CHECK_TEXT(rest, "");
    }
}

/* What goes to AWS and comes back from there is what was wanted. */
static void test_from_text(void)
{
    static const struct {
        enum field_type type;
        const char *text, *value;
    } cases[] = {
        {FIELD_TEXT, "5", "\"5\""},
        {FIELD_ARN, "", "\"\""},
        {FIELD_INT, "5", "5"},
        {FIELD_NUMBER, "0.5", "0.5"},
        {FIELD_NUMBER, "5", "5"},
        {FIELD_BOOL, "true", "true"},
        {FIELD_SET, "[\"a\"]", "[\"a\"]"},
        {FIELD_DOCUMENT, "{}", "{}"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct field field = {.name = "f", .type = cases[i].type};
        json_auto_t *value = value_from_text(&field, cases[i].text);
        cleanup_free char *text = json_canonical(value);

        CHECK_TEXT(text, cases[i].value);
    }
}

static void test_wire(void)
{
    json_auto_t *list_shape = parsed("{\"type\":\"list\"}"),
                *map_shape = parsed("{\"type\":\"map\"}"),
                *integer = parsed("{\"type\":\"integer\"}"),
                *real = parsed("{\"type\":\"double\"}"),
                *boolean = parsed("{\"type\":\"boolean\"}");
    json_auto_t *map = parsed("{\"b\":\"2\",\"a\":\"\"}");
    const struct field tags = {.name = "tags", .type = FIELD_MAP};
    json_auto_t *pairs = value_to_wire(&tags, list_shape, map, NULL);
    json_auto_t *same = value_to_wire(&tags, map_shape, map, NULL);
    json_auto_t *back = value_from_wire(&tags, pairs);
    json_auto_t *text = json_string("50"), *yes = json_string("true"), *half = json_string("0.5");
    json_auto_t *portion = value_to_wire(NULL, real, half, NULL);
    json_auto_t *number = value_to_wire(NULL, integer, text, NULL);
    json_auto_t *truth = value_to_wire(NULL, boolean, yes, NULL);
    cleanup_free char *wire = json_dumps(pairs, JSON_COMPACT);

    CHECK_TEXT(wire, "[{\"Key\":\"b\",\"Value\":\"2\"},{\"Key\":\"a\",\"Value\":\"\"}]");
    CHECK(json_equal(same, map) && json_equal(back, map));
    CHECK_INT(json_integer_value(number), 50);
    CHECK(json_is_true(truth));
    CHECK(json_is_real(portion) && json_real_value(portion) == 0.5);
    CHECK(!value_from_wire(&tags, NULL));
}

/* Numbers, truths and documents that AWS keeps as text: compared by meaning, sent as text. */
static void test_kept_as_text(void)
{
    static const struct {
        enum field_type type;
        const char *want, *wire, *sent;
        bool same;
    } cases[] = {
        {FIELD_INT, "30", "\"30\"", "30", true},
        {FIELD_INT, "30", "\"30.0\"", "30", true},
        {FIELD_INT, "30", "\"31\"", "30", false},
        {FIELD_INT, "30", "\"30 days\"", "30", false},
        {FIELD_INT, "30", "\"\"", "30", false},
        {FIELD_INT, "30", NULL, "30", false},
        {FIELD_INT, "0", "\"0\"", "0", true},
        {FIELD_NUMBER, "0.1", "\"0.1\"", "0.1", true},
        {FIELD_NUMBER, "30.0", "\"30\"", "30", true},
        {FIELD_NUMBER, "0.1", "\"0.10000001\"", "0.1", false},
        {FIELD_BOOL, "true", "\"true\"", "true", true},
        {FIELD_BOOL, "true", "\"TRUE\"", "true", true},
        {FIELD_BOOL, "true", "\"false\"", "true", false},
        {FIELD_BOOL, "false", "\"false\"", "false", true},
        {FIELD_BOOL, "false", "\"no\"", "false", false},
        {FIELD_TEXT, "\"30\"", "\"30.0\"", "30", false}, /* text is text */
        {FIELD_JSON, "{\"a\":1}", "\" { \\\"a\\\" : 1.0 } \"", "{\"a\":1}", true},
        {FIELD_JSON, "{\"a\":1}", "\"{\\\"a\\\":1,\\\"b\\\":2}\"", "{\"a\":1}", false},
        {FIELD_JSON, "{\"a\":1}", "\"{\\\"a\\\":\"", "{\"a\":1}", false}, /* cut short */
        {FIELD_JSON, "{\"a\":1}", NULL, "{\"a\":1}", false},
    };
    json_auto_t *shape = parsed("{\"type\":\"string\"}");

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct field field = {.name = "f", .type = cases[i].type};
        json_auto_t *want = parsed(cases[i].want), *wire = parsed(cases[i].wire);
        json_auto_t *sent = value_to_wire(&field, shape, want, NULL);
        json_auto_t *have = value_from_wire(&field, wire), *again = value_from_wire(&field, sent);
        json_auto_t *list = json_array(), *none = json_array();

        value_differences(&field, want, have, list);
        value_differences(&field, want, again, none);
        CHECK_TEXT(json_string_value(sent), cases[i].sent);
        CHECK_INT(!json_array_size(list), cases[i].same);
        CHECK_INT((long long)json_array_size(none), 0);
    }
}

static void test_absent_is(void)
{
    const struct field field = {.name = "f", .type = FIELD_INT, .absent_is = "3600"};
    json_auto_t *null = json_null(), *one = json_integer(1);
    json_auto_t *nothing = value_from_wire(&field, NULL), *none = value_from_wire(&field, null);
    json_auto_t *told = value_from_wire(&field, one);

    CHECK_INT(json_integer_value(nothing), 3600);
    CHECK_INT(json_integer_value(none), 3600);
    CHECK_INT(json_integer_value(told), 1);
}

static void test_columns_keep_comments(void)
{
    const struct field field = {.name = "columns", .type = FIELD_COLUMNS};
    json_auto_t *want = parsed("{\"a\":\"bigint\",\"c\":\"int\"}");
    json_auto_t *have = parsed("[{\"Name\":\"a\",\"Type\":\"int\",\"Comment\":\"x\",\"Parameters\":"
                               "{\"p\":\"1\"}},{\"Name\":\"b\",\"Type\":\"int\"}]");
    json_auto_t *wire = value_to_wire(&field, NULL, want, have);
    json_auto_t *back = value_from_wire(&field, wire);

    CHECK_INT((long long)json_array_size(wire), 2);
    CHECK_TEXT(json_text(json_array_get(wire, 0), "Comment"), "x");
    CHECK(json_object_get(json_array_get(wire, 0), "Parameters"));
    CHECK(json_equal(back, want));
    CHECK_TEXT(json_text(json_array_get(have, 0), "Type"),
               "int"); /* what was read is not changed */
}

/* Every query of such a table fails. */
static void test_a_column_twice(void)
{
    const struct field field = {.name = "columns", .type = FIELD_COLUMNS};
    json_auto_t *want = parsed("{\"a\":\"int\",\"c\":\"int\"}"), *list = json_array();
    json_auto_t *wire = parsed("[{\"Name\":\"a\",\"Type\":\"int\"},{\"Name\":\"c\",\"Type\":"
                               "\"int\"},{\"Name\":\"a\",\"Type\":\"int\"}]");
    json_auto_t *have = value_from_wire(&field, wire);
    json_auto_t *mended = value_to_wire(&field, NULL, want, wire);

    value_differences(&field, want, have, list);
    CHECK_INT((long long)json_array_size(list), 1);
    CHECK_TEXT(json_text(have, "a"), "int, and again int");
    CHECK_INT((long long)json_array_size(mended), 2);
}

/* Whichever comes first, the other one holds, too; what is written has one. */
static void test_a_statement_twice(void)
{
    const struct field field = {.name = "policy", .type = FIELD_STATEMENTS};
    json_auto_t *want = parsed("[{\"Sid\":\"A\",\"Effect\":\"Allow\"}]"), *list = json_array();
    json_auto_t *have = parsed("[{\"Sid\":\"A\",\"Effect\":\"Allow\"},{\"Sid\":\"B\"},"
                               "{\"Sid\":\"A\",\"Effect\":\"Deny\"}]");
    json_auto_t *merged = value_merge(&field, want, have);
    json_auto_t *none = json_array();

    value_differences(&field, want, have, list);
    CHECK_INT((long long)json_array_size(list), 1);
    CHECK_TEXT(json_text(json_object_get(json_array_get(list, 0), "have"), "Effect"), "Deny");
    CHECK_INT((long long)json_array_size(merged), 2);
    value_differences(&field, want, merged, none);
    CHECK_INT((long long)json_array_size(none), 0);
}

static void test_statements_keep_the_document(void)
{
    const struct field field = {.name = "policy", .type = FIELD_STATEMENTS};
    json_auto_t *want = parsed("[{\"Sid\":\"A\"}]");
    json_auto_t *have =
        json_string("{\"Version\":\"2008-10-17\",\"Id\":\"mine\",\"Statement\":[]}");
    json_auto_t *wire = value_to_wire(&field, NULL, want, have);
    json_auto_t *fresh = value_to_wire(&field, NULL, want, NULL);
    json_auto_t *document = json_loads(json_string_value(wire), 0, NULL);
    json_auto_t *made = json_loads(json_string_value(fresh), 0, NULL);
    json_auto_t *back = value_from_wire(&field, wire);

    CHECK_TEXT(json_text(document, "Id"), "mine");
    CHECK_TEXT(json_text(document, "Version"), "2008-10-17");
    CHECK_TEXT(json_text(made, "Version"), "2012-10-17");
    CHECK(json_equal(back, want));
}

int main(void)
{
    test_differences();
    test_truths();
    test_merges();
    test_from_text();
    test_wire();
    test_kept_as_text();
    test_absent_is();
    test_columns_keep_comments();
    test_a_column_twice();
    test_a_statement_twice();
    test_statements_keep_the_document();
    return check_done();
}

/* The XML reader: what AWS sends, and what nobody should get in with. */
#include "base/xml.h"

#include "base/mem.h"
#include "check.h"

static struct xml_node *parse(const char *text)
{
    struct err e = {0};

    return xml_parse(text, strlen(text), &e);
}

static void check_refused(const char *text, size_t length, const char *part)
{
    struct err e = {0};
    struct xml_node *root = xml_parse(text, length, &e);

    CHECK(root == NULL);
    CHECK_INT(e.kind, ERR_INVALID);
    if (!strstr(e.text, part))
        fprintf(stderr, "  have: %s\n  want: %s\n", e.text, part);
    CHECK(strstr(e.text, part) != NULL);
    xml_free(root);
}

static void test_tree(void)
{
    struct xml_node *root = parse(
        "\n  <?xml version=\"1.0\"?>\n<a:List xmlns:a=\"http://x\" a:kind='q&amp;r' xmlns=\"y\">"
        "<Key>a&lt;b&#13;<![CDATA[<c>]]>d</Key> <Key/> <Size> 7 </Size></a:List>");
    const struct xml_node *key = xml_child(root, "Key");

    CHECK(root != NULL);
    CHECK_TEXT(root->name, "List");
    CHECK_TEXT(xml_attribute(root, "kind"), "q&r");
    CHECK(root->attributes && !root->attributes->next); /* declarations of namespaces are gone */
    CHECK_TEXT(xml_text(key), "a<b\r<c>d");
    CHECK_TEXT(xml_text(xml_next(key, "Key")), "");
    CHECK(xml_next(xml_next(key, "Key"), "Key") == NULL);
    CHECK_TEXT(xml_text(xml_child(root, "Size")), " 7 ");
    CHECK_TEXT(xml_text(root), ""); /* white space between children is nothing */
    CHECK(xml_text(xml_child(root, "None")) == NULL);
    CHECK(xml_child(NULL, "x") == NULL);
    xml_free(root);
    xml_free(NULL);
}

/* n elements inside of each other. */
static char *nested(int n)
{
    struct str text = {0};

    for (int i = 0; i < n; i++)
        str_add(&text, "<a>");
    for (int i = 0; i < n; i++)
        str_add(&text, "</a>");
    return str_take(&text);
}

static void test_limits(void)
{
    cleanup_free char *deep = nested(XML_DEPTH + 1), *allowed = nested(XML_DEPTH);
    struct str many = {0};
    struct xml_node *root = parse(allowed);

    CHECK(root != NULL);
    xml_free(root);
    check_refused(deep, strlen(deep), "too deeply");
    str_add(&many, "<a>");
    for (int i = 0; i < XML_ELEMENTS; i++)
        str_add(&many, "<b/>");
    str_add(&many, "</a>");
    check_refused(many.data, many.len, "too many elements");
    str_fini(&many);
    check_refused("<a/>", (size_t)XML_BYTES + 1, "more than");
}

static void test_refusals(void)
{
    static const char bomb[] = "<!DOCTYPE a [<!ENTITY b \"cc\"><!ENTITY d \"&b;&b;\">]><a>&d;</a>";
    static const char outside[] = "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>";
    static const char latin[] = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xE9</a>";
    static const char nul[] = "<a>x\0y</a>";

    check_refused(bomb, strlen(bomb), "DOCTYPE");
    check_refused(outside, strlen(outside), "DOCTYPE");
    check_refused(latin, strlen(latin), "line 1");
    check_refused(nul, sizeof(nul) - 1, "line 1");
    check_refused("", 0, "no element found");
    check_refused("<a>", 3, "line 1");
    check_refused("<a></b>", 7, "mismatched tag");
    check_refused("<a/><b/>", 8, "junk");
    check_refused("<a>&undefined;</a>", 18, "undefined entity");
    check_refused("plain text", 10, "line 1");
}

int main(void)
{
    test_tree();
    test_limits();
    test_refusals();
    return check_done();
}

/* A document from the network: its tree keeps within its limits and within the memory that was
 * worked out for it, an error has its line, and the tree written out again is read as the same
 * tree. */
#include "fuzz.h"

#include "base/mem.h"
#include "base/xml.h"

#include <string.h>

static size_t count(const struct xml_node *node, int depth)
{
    size_t nodes = 1;

    must(node->name && depth <= XML_DEPTH);
    must(!node->first || !*xml_text(node));
    for (const struct xml_node *child = node->first; child; child = child->next) {
        must(child->parent == node);
        must(child->next || child == node->last);
        nodes += count(child, depth + 1);
    }
    return nodes;
}

static void write_text(struct str *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"\r\n\t", *text))
            str_addf(out, "&#%d;", *text);
        else
            str_add_char(out, *text);
    }
}

/* Two attributes that differ in their prefix alone are one here: only the first is written. */
static void write_attributes(struct str *out, const struct xml_node *node)
{
    for (const struct xml_attribute *a = node->attributes; a; a = a->next) {
        const char *value = xml_attribute(node, a->name);

        if (value != a->value)
            continue;
        str_addf(out, " x:%s=\"", a->name);
        write_text(out, value);
        str_add_char(out, '"');
    }
}

/* A prefix is nothing; what is left without one (a:1) may not begin a name. */
static void write_node(struct str *out, const struct xml_node *node)
{
    str_addf(out, "<x:%s", node->name);
    write_attributes(out, node);
    str_add_char(out, '>');
    write_text(out, xml_text(node));
    for (const struct xml_node *child = node->first; child; child = child->next)
        write_node(out, child);
    str_addf(out, "</x:%s>", node->name);
}

static void same(const struct xml_node *a, const struct xml_node *b)
{
    must(a && b && !strcmp(a->name, b->name) && !strcmp(xml_text(a), xml_text(b)));
    for (const struct xml_attribute *attribute = a->attributes; attribute;
         attribute = attribute->next) {
        const char *value = xml_attribute(b, attribute->name);

        must(value && !strcmp(value, xml_attribute(a, attribute->name)));
    }
    a = a->first;
    b = b->first;
    for (; a && b; a = a->next, b = b->next)
        same(a, b);
    must(!a && !b);
}

FUZZ_TARGET(xml)
{
    struct err e = {0};
    size_t before = fuzz_allocated();
    struct xml_node *root = xml_parse((const char *)data, size, &e), *again;
    size_t taken = fuzz_allocated() - before;
    cleanup_str struct str text = {0};

    if (!root) {
        fuzz_error(&e);
        return;
    }
    must(taken <= xml_memory((const char *)data, size));
    must(!root->parent && !root->next && count(root, 1) <= XML_ELEMENTS);
    write_node(&text, root);
    again = xml_parse(str_text(&text), text.len, &e);
    must(again);
    same(root, again);
    xml_free(again);
    xml_free(root);
}

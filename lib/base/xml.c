/* xml.c -- expat's events to a tree, with limits. */
#include "base/xml.h"

#include "base/mem.h"

#include <expat.h>
#include <string.h>

struct reading {
    XML_Parser parser;
    struct xml_node *root, *current;
    int depth, elements;
    const char *refused; /* why we stopped the parser, NULL while we did not */
};

static void refuse(struct reading *r, const char *why)
{
    r->refused = why;
    (void)XML_StopParser(r->parser, XML_FALSE);
}

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}

static void add_attributes(struct xml_node *node, const XML_Char **attributes)
{
    struct xml_attribute **end = &node->attributes;

    for (; attributes[0]; attributes += 2) {
        if (!strncmp(attributes[0], "xmlns", 5) && (!attributes[0][5] || attributes[0][5] == ':'))
            continue;
        *end = mem_new(sizeof(**end));
        (*end)->name = mem_text(local_name(attributes[0]));
        (*end)->value = mem_text(attributes[1]);
        end = &(*end)->next;
    }
}

static void on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = arg;
    struct xml_node *node;

    if (r->refused)
        return;
    if (++r->depth > XML_DEPTH) {
        refuse(r, "is nested too deeply");
        return;
    }
    if (++r->elements > XML_ELEMENTS) {
        refuse(r, "has too many elements");
        return;
    }
    node = mem_new(sizeof(*node));
    node->name = mem_text(local_name(name));
    node->parent = r->current;
    add_attributes(node, attributes);
    if (!r->current)
        r->root = node;
    else if (r->current->last)
        r->current->last = r->current->last->next = node;
    else
        r->current->first = r->current->last = node;
    r->current = node;
}

static void on_end(void *arg, const XML_Char *name)
{
    struct reading *r = arg;

    (void)name;
    if (r->refused)
        return;
    r->depth--;
    if (r->current->first)
        str_fini(&r->current->text);
    r->current = r->current->parent;
}

static void on_text(void *arg, const XML_Char *text, int length)
{
    struct reading *r = arg;

    if (!r->refused && r->current && length > 0)
        str_add_n(&r->current->text, text, (size_t)length);
}

static void on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_subset;
    refuse(arg, "has a DOCTYPE");
}

static void set_error(struct reading *r, struct err *e)
{
    unsigned long line = XML_GetCurrentLineNumber(r->parser);

    if (r->refused)
        err_set(e, ERR_INVALID, "XML line %lu: the document %s", line, r->refused);
    else
        err_set(e, ERR_INVALID, "XML line %lu: %s", line,
                XML_ErrorString(XML_GetErrorCode(r->parser)));
}

struct xml_node *xml_parse(const char *text, size_t length, struct err *e)
{
    struct reading r = {0};
    enum XML_Status status;

    while (length && strchr(" \t\r\n", *text) && *text)
        text++, length--;
    if (length > XML_BYTES) {
        err_set(e, ERR_INVALID, "XML of %zu bytes is more than %d", length, XML_BYTES);
        return NULL;
    }
    r.parser = XML_ParserCreate("UTF-8"); /* overrides what the document declares */
    if (!r.parser)
        abort();
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    status = XML_Parse(r.parser, length ? text : "", (int)length, 1);
    if (status != XML_STATUS_OK) {
        set_error(&r, e);
        xml_free(r.root);
        r.root = NULL;
    }
    XML_ParserFree(r.parser);
    return r.root;
}

size_t xml_memory(const char *text, size_t length)
{
    /* A node; its name and text, each in memory of its own. */
    enum { ELEMENT = sizeof(struct xml_node) + 16 + 2 * 32, ATTRIBUTE = 3 * 32 + 16 };
    size_t bytes = 2 * length; /* its text grows by doubling */

    for (size_t i = 0; i < length; i++)
        bytes += text[i] == '<' ? ELEMENT : text[i] == '=' ? ATTRIBUTE : 0;
    return bytes;
}

static void free_one(struct xml_node *node)
{
    while (node->attributes) {
        struct xml_attribute *attribute = node->attributes;

        node->attributes = attribute->next;
        free(attribute->name);
        free(attribute->value);
        free(attribute);
    }
    free(node->name);
    str_fini(&node->text);
    free(node);
}

void xml_free(struct xml_node *root)
{
    struct xml_node *child;

    if (!root)
        return;
    for (child = root->first; child;) { /* depth is limited, so is this recursion */
        struct xml_node *next = child->next;

        xml_free(child);
        child = next;
    }
    free_one(root);
}

static const struct xml_node *first_named(const struct xml_node *node, const char *name)
{
    while (node && strcmp(node->name, name) != 0)
        node = node->next;
    return node;
}

const struct xml_node *xml_child(const struct xml_node *node, const char *name)
{
    return node ? first_named(node->first, name) : NULL;
}

const struct xml_node *xml_next(const struct xml_node *node, const char *name)
{
    return node ? first_named(node->next, name) : NULL;
}

const struct xml_node *xml_only(const struct xml_node *node, const char *name)
{
    const struct xml_node *child = xml_child(node, name);

    return xml_next(child, name) ? NULL : child;
}

const char *xml_text(const struct xml_node *node)
{
    return node ? str_text(&node->text) : NULL;
}

const char *xml_attribute(const struct xml_node *node, const char *name)
{
    const struct xml_attribute *attribute = node->attributes;

    while (attribute && strcmp(attribute->name, name) != 0)
        attribute = attribute->next;
    return attribute ? attribute->value : NULL;
}

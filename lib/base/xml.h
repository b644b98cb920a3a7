/* xml.h -- XML from the network to a small tree.
 *
 * What AWS sends needs no DTD, no namespaces and little depth, so all else is refused: a DOCTYPE
 * (and with it every entity of its own), more than 64 levels, more than 16 MiB, more than 500,000
 * elements, bytes that are no UTF-8 whatever the declaration says. */
#ifndef BASE_XML_H
#define BASE_XML_H

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

enum { XML_DEPTH = 64, XML_ELEMENTS = 500000, XML_BYTES = 16 << 20 };

struct xml_attribute {
    char *name; /* prefix stripped; xmlns declarations are left out */
    char *value;
    struct xml_attribute *next;
};

/* An element.  Borrow freely until xml_free of the root. */
struct xml_node {
    char *name;      /* prefix stripped */
    struct str text; /* all character data joined; "" for an element that has children */
    struct xml_attribute *attributes;
    struct xml_node *parent, *first, *last, *next;
};

/* The root element, owned by the caller, or NULL and *e (ERR_INVALID, with the line).  White space
 * before the XML declaration is skipped: S3 sends it while a long copy runs. */
struct xml_node *xml_parse(const char *text, size_t length, struct err *e);
/* Bytes of memory, never too few, that the tree of a document takes. */
size_t xml_memory(const char *text, size_t length);
/* NULL is harmless. */
void xml_free(struct xml_node *root);

/* The first child (next sibling after node) of that name, or NULL; NULL node gives NULL. */
const struct xml_node *xml_child(const struct xml_node *node, const char *name);
const struct xml_node *xml_next(const struct xml_node *node, const char *name);
/* The one child of that name; NULL when there is none, or more than one. */
const struct xml_node *xml_only(const struct xml_node *node, const char *name);
/* The node's text, "" when empty, NULL for NULL. */
const char *xml_text(const struct xml_node *node);
/* An attribute's value, or NULL. */
const char *xml_attribute(const struct xml_node *node, const char *name);

#endif

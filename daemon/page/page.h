/* page.h -- the status page: one HTML document, whole without scripts and without anything else.
 *
 * page.html is its template, page.css and page.js go into it; all three are compiled in.  What is
 * shown comes from the documents of the API, so both tell the same. */
#ifndef DAEMON_PAGE_PAGE_H
#define DAEMON_PAGE_PAGE_H

#include "base/str.h"

#include <jansson.h>

/* Appends the page.  documents: {"status", "resources", "plan", "events", "audit", "periods": as
 * the API has them, of the pipelines that are told, "briefs": of all (board_document_briefs),
 * "list": they are too many, and only listed, "from": the row that the list begins with, "only":
 * the name of the one that is asked for, or null, "trusted", "has_token"}. */
void page_write(const json_t *documents, struct str *out);
/* Appends the header fields that go with it: what a browser may load and do (nothing but the page's
 * own style and script, by their hashes), and that nobody may frame it. */
void page_fields(struct str *fields);
/* Appends docs/openapi.yaml as JSON. */
void page_openapi(struct str *out);

#endif

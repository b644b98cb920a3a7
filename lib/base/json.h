/* json.h -- what jansson lacks: dotted paths, canonical text, loose comparison.
 *
 * `const json_t *` is borrowed; a returned `json_t *` is a new reference owned by the caller.
 * json_auto_t (jansson) drops a local reference at the end of its scope. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>

/* From now on jansson gets memory as mem_new does, or the process ends: without, it would leave out
 * what it has no room for, and an object without a member says something else.  Before all else. */
void json_use_checked_memory(void);
/* Any JSON text as a value, also one that is no object or list; NULL when it is none.  A name that
 * comes twice in one object makes it none: each reader would take another of the two for it (RFC
 * 8259, 4). */
json_t *json_parse(const char *text, size_t length);
/* Bytes of memory, never too few, that a JSON text's values take: small ones take many times their
 * text (an empty object some 230 bytes for two). */
size_t json_memory(const char *text, size_t length);
/* The value at "a.b[].c" below document, borrowed; NULL when a step is missing.  "[]" is the first
 * item of a list, "[last]" the last. */
json_t *json_at(const json_t *document, const char *path);
/* Puts value (reference taken over) at "a.b[].c", making objects and lists of one on the way; at
 * "a[]" as a list of one. */
void json_put_at(json_t *document, const char *path, json_t *value);
/* The text of a string member, or NULL when it is missing or not a string. */
const char *json_text(const json_t *object, const char *key);
/* The whole number of a member, 0 when it is missing or none. */
json_int_t json_whole(const json_t *object, const char *key);
/* A copy in which each text, but keys, is what change (new text) makes of it. */
json_t *json_with_texts(const json_t *value, char *(*change)(const char *text));
/* Compact text with sorted keys; new memory. */
char *json_canonical(const json_t *value);
/* Equal by meaning: 1 is 1.0; null, false, "", {} and [] equal absence. */
bool json_same(const json_t *a, const json_t *b);
/* Equal as unordered lists, by json_same. */
bool json_same_set(const json_t *a, const json_t *b);
/* NULL for NULL; otherwise one more reference. */
json_t *json_share(const json_t *value);

/* `format_version` of what is printed for programs: a new minor version only adds.  What is
 * archived and signed (bill, manifest) has numbers of its own, since it is never written again. */
#define JSON_FORMAT_VERSION "1.0"

#endif

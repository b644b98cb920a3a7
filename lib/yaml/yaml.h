/* yaml.h -- YAML files as trees that remember where everything stands, and JSON written as YAML.
 *
 * One document per file, UTF-8, text keys.  Scalars stay text: what `2025` or `off` means is for
 * the reader to say.  Anchors, aliases, merge keys and tags are refused: a spec says what it means
 * where it stands, and a small file cannot grow into a big tree. */
#ifndef YAML_YAML_H
#define YAML_YAML_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum yaml_type { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_type type;
    const char *file; /* borrowed from the root of the file it was read from */
    int line, column; /* 1-based, of the value */
    char *key;        /* its key in the mapping around it; NULL in lists and for roots */
    const char *key_file;
    int key_line, key_column;
    char *text;  /* YAML_TEXT: the scalar, escapes undone */
    bool quoted; /* YAML_TEXT: in quotes or a block scalar, so it is text whatever it looks like */
    struct yaml_node **items; /* YAML_LIST, YAML_MAP: owned, in file order */
    size_t count;
    json_t *places;   /* key -> place in items, of a mapping with many; NULL: not made */
    char *owned_file; /* roots only */
    size_t shared;    /* owners beside the first; with any, it is not changed: yaml_own */
    bool is_searched; /* for a $, and has_dollar is what was found */
    bool has_dollar;  /* in its text, or below it */
};

/* Where something stands in a file; file is borrowed, line 0 is the whole file. */
struct yaml_place {
    const char *file;
    int line, column;
};

/* Called for each thing wrong; path is dotted, list items as "[2]". */
typedef void yaml_problem_fn(void *arg, struct yaml_place place, const char *path,
                             const char *problem);

/* The tree of a file of at most 4 MiB.  NULL when it cannot be read or understood at all; a
 * duplicate key is told too, but the tree (with the first of the two) still comes back, so that the
 * caller can tell what else is wrong.  Give back with yaml_tree_free. */
struct yaml_node *yaml_read(const char *path, yaml_problem_fn *problem, void *arg);
/* The same from standard input, to its end. */
struct yaml_node *yaml_read_input(const char *name, yaml_problem_fn *problem, void *arg);
/* The same for bytes at hand; file is only a name. */
struct yaml_node *yaml_read_text(const char *file, const char *bytes, size_t length,
                                 yaml_problem_fn *problem, void *arg);
/* To read; it never waits: the open of a FIFO would, for its writer.  NULL and errno. */
FILE *yaml_read_open(const char *path);
/* The bytes of a regular file without a byte order mark, NUL-ended, and their number; NULL with
 * *problem (new text) when it cannot be read or is larger than 4 MiB. */
char *yaml_read_bytes(const char *path, size_t *length, char **problem);

/* libyaml has a yaml_free of its own. */
void yaml_tree_free(struct yaml_node *node);
/* A copy that has its items in common with the original until one of both changes them, and borrows
 * the file names of the original's root: what a thousand copies leave alone is there once. */
struct yaml_node *yaml_copy(struct yaml_node *node);
/* The node at a place in items, to be changed: a copy of its own in its place, if it has other
 * owners. */
struct yaml_node *yaml_own(struct yaml_node **place);
/* Whether there is a $ in the node's text or below it; asked again only after yaml_own. */
bool yaml_has_dollar(struct yaml_node *node);
/* An empty list or mapping that stands where `at` stands. */
struct yaml_node *yaml_new(enum yaml_type type, const struct yaml_node *at);
/* Puts item (taken over) at the end of a list or mapping. */
void yaml_add(struct yaml_node *parent, struct yaml_node *item);
/* The item of that key, or NULL; NULL too when node is NULL or no mapping. */
struct yaml_node *yaml_find(const struct yaml_node *node, const char *key);
/* Lays over onto base (one owner): mappings merge by key, a null removes, everything else replaces.
 * over is copied; its file names stay borrowed. */
void yaml_merge(struct yaml_node *base, struct yaml_node *over);
/* The deepest node on the way of path ("a.b[2].c"; keys may hold dots themselves). */
const struct yaml_node *yaml_at(const struct yaml_node *node, const char *path);
/* ~, null, or nothing at all, unquoted. */
bool yaml_is_null(const struct yaml_node *node);

/* A JSON value as a YAML document that every YAML 1.1 and 1.2 reader understands alike; new text.
 */
char *yaml_write(const json_t *value);

#endif

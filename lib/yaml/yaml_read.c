/* yaml_read.c -- libyaml's events into a tree with positions. */
#include "yaml/yaml.h"

#include "base/file_kind.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

enum { MAX_DEPTH = 64, MAX_BYTES = 4 << 20 };

struct reader {
    yaml_parser_t parser;
    const char *file;
    const char *bytes;
    size_t length;
    struct str path;
    yaml_problem_fn *problem;
    void *arg;
    yaml_mark_t end;              /* of the bytes; line and column 0: not looked for yet */
    yaml_mark_t quote, quote_end; /* the last text in quotes that goes over several lines */
    bool failed;                  /* no tree can come of it */
    bool broken;                  /* and nothing more can be read */
};

/* Where libyaml sees a line end: LF, CR LF (at its LF), CR, NEL, LS, PS. */
static bool is_break(const char *at, size_t room)
{
    if (*at == '\n' || *at == '\r')
        return *at == '\n' || room < 2 || at[1] != '\n';
    return (room > 1 && !memcmp(at, "\xc2\x85", 2)) ||
           (room > 2 && (!memcmp(at, "\xe2\x80\xa8", 3) || !memcmp(at, "\xe2\x80\xa9", 3)));
}

/* Errors in the bytes themselves come with an offset only. */
static yaml_mark_t mark_at(const struct reader *r, size_t offset)
{
    yaml_mark_t mark = {.index = offset};

    for (size_t i = 0; i < offset && i < r->length; i++) {
        if (is_break(r->bytes + i, r->length - i)) {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)r->bytes[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

/* At the end of a file without a line end libyaml is one line behind it. */
static yaml_mark_t inside(struct reader *r, yaml_mark_t mark)
{
    if (mark.column || !mark.line)
        return mark;
    if (!r->end.line && !r->end.column)
        r->end = mark_at(r, r->length);
    return mark.line > r->end.line ? r->end : mark;
}

static void tell(struct reader *r, yaml_mark_t mark, const char *problem)
{
    struct yaml_place place = {r->file, 0, 0};

    mark = inside(r, mark);
    place.line = (int)mark.line + 1;
    place.column = (int)mark.column + 1;
    r->problem(r->arg, place, str_text(&r->path), problem);
}

static void refuse(struct reader *r, yaml_mark_t mark, const char *problem)
{
    tell(r, mark, problem);
    r->failed = true;
}

/* What libyaml says, where it says it, and what a person does about it. */
struct explanation {
    const char *problem, *context; /* how they begin */
    bool at_context;               /* the place of the cause is where the context began */
    const char *text;
};

static const struct explanation explanations[] = {
    {"found unexpected end of stream", "while scanning a quoted scalar", true,
     "the quote opened here is never closed; close it"},
    {"found unexpected document indicator", "while scanning a quoted scalar", true,
     "the quote opened here is never closed; close it"},
    {"did not find expected ',' or ']'", "while parsing a flow sequence", true,
     "the [ opened here is not closed, or a comma is missing, before line %d; close it with ], "
     "and put texts that hold [ ] { } or , in quotes"},
    {"did not find expected ',' or '}'", "while parsing a flow mapping", true,
     "the { opened here is not closed, or a comma is missing, before line %d; close it with }, "
     "and put texts that hold [ ] { } or , in quotes"},
    {"could not find expected ':'", "while scanning a simple key", true,
     "a key needs a colon and a blank after it; a text over several lines needs quotes, or |"},
    {"did not find expected key", "while parsing a block mapping", false,
     "is no key of the mapping that begins in line %d; check the indentation, and the line before"},
    {"did not find expected '-' indicator", "while parsing a block collection", false,
     "is no item of the list that begins in line %d; check the indentation, and the line before"},
    {"mapping values are not allowed", "", false,
     "no value can stand here; put a text that holds \": \" in quotes, or check the indentation"},
    {"block sequence entries are not allowed", "", false,
     "no list can begin here; put it on lines of its own below the key, or use [ ]"},
    {"did not find expected node content", "while parsing a flow node", false,
     "a value is missing here, or what was opened with [ or { is not closed"},
    {"found unknown escape character", "", false,
     "is no escape that YAML knows; write \\\\ for a backslash, or use single quotes"},
    {"did not find expected <document start>", "", false,
     "does not belong to what stands above; indent the keys of a mapping alike"},
    {"found character that cannot start any token", "", false,
     "no text can begin with this character; put it in quotes"},
};

/* New text, and *mark the place of the cause. */
static char *explain(const yaml_parser_t *p, const char *problem, yaml_mark_t *mark)
{
    const char *context = p->context ? p->context : "";

    *mark = p->problem_mark;
    for (size_t i = 0; i < sizeof explanations / sizeof *explanations; i++) {
        const struct explanation *e = &explanations[i];
        const char *number = strstr(e->text, "%d");
        size_t other = (e->at_context ? p->problem_mark : p->context_mark).line + 1;

        if (strncmp(problem, e->problem, strlen(e->problem)) != 0 ||
            strncmp(context, e->context, strlen(e->context)) != 0)
            continue;
        if (e->at_context)
            *mark = p->context_mark;
        return number ? mem_printf("%.*s%zu%s", (int)(number - e->text), e->text, other, number + 2)
                      : mem_text(e->text);
    }
    return mem_printf("%s%s%s", problem, *context ? " " : "", context);
}

static void tell_reader_problem(struct reader *r, const char *problem)
{
    const yaml_parser_t *p = &r->parser;
    cleanup_free char *text = NULL;

    if (strstr(problem, "control characters"))
        text = mem_printf("a control character (0x%02X) cannot stand here; write it as \\x%02X in "
                          "double quotes",
                          (unsigned)p->problem_value, (unsigned)p->problem_value);
    else if (p->problem_value == -1)
        text = mem_printf("not UTF-8: %s; save the file as UTF-8", problem);
    else
        text = mem_printf("not UTF-8: %s (0x%02X); save the file as UTF-8", problem,
                          (unsigned)p->problem_value);
    refuse(r, mark_at(r, p->problem_offset), text);
}

/* A quote that was forgotten ends where the next one opens, and what then follows makes no sense:
 * the cause is the quote. */
static bool is_after_quote(const struct reader *r, yaml_mark_t mark)
{
    return r->quote_end.line > r->quote.line && mark.line == r->quote_end.line &&
           mark.index >= r->quote_end.index;
}

static void tell_parser_problem(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "cannot be understood";
    cleanup_free char *text = NULL;
    yaml_mark_t mark;

    if (p->error == YAML_READER_ERROR) {
        tell_reader_problem(r, problem);
        return;
    }
    if (strstr(problem, "cannot start any token") && p->problem_mark.index < r->length &&
        r->bytes[p->problem_mark.index] == '\t') {
        mark = p->problem_mark;
        text = mem_text("YAML does not allow tabs for indentation; use blanks");
    } else if (is_after_quote(r, p->problem_mark)) {
        mark = r->quote;
        text = mem_printf("the quote opened here ends only in line %zu, and what follows there "
                          "makes no sense; close it in this line",
                          r->quote_end.line + 1);
    } else {
        text = explain(p, problem, &mark);
    }
    refuse(r, mark, text);
}

static bool next(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return true;
    memset(event, 0, sizeof *event);
    if (!r->broken)
        tell_parser_problem(r);
    r->broken = true;
    return false;
}

static struct yaml_node *node_at(struct reader *r, enum yaml_type type, yaml_mark_t mark)
{
    struct yaml_node *node = mem_new(sizeof *node);

    mark = inside(r, mark);
    node->type = type;
    node->file = node->key_file = r->file;
    node->line = node->key_line = (int)mark.line + 1;
    node->column = node->key_column = (int)mark.column + 1;
    return node;
}

static struct yaml_node *read_node(struct reader *r, yaml_event_t *event, int depth);

static void note_quote(struct reader *r, const yaml_event_t *event)
{
    yaml_scalar_style_t style = event->data.scalar.style;

    if ((style != YAML_SINGLE_QUOTED_SCALAR_STYLE && style != YAML_DOUBLE_QUOTED_SCALAR_STYLE) ||
        event->end_mark.line == event->start_mark.line)
        return;
    r->quote = event->start_mark;
    r->quote_end = event->end_mark;
}

static struct yaml_node *read_text(struct reader *r, const yaml_event_t *event)
{
    struct yaml_node *node = node_at(r, YAML_TEXT, event->start_mark);
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;

    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    note_quote(r, event);
    node->text = mem_text_n(text, length);
    if (memchr(text, '\0', length))
        refuse(r, event->start_mark, "a text cannot hold a NUL character");
    if (event->data.scalar.tag)
        refuse(r, event->start_mark, "tags (!...) are not supported; put texts in quotes");
    return node;
}

static struct yaml_node *read_list(struct reader *r, const yaml_event_t *start, int depth)
{
    struct yaml_node *node = node_at(r, YAML_LIST, start->start_mark);
    size_t outer = r->path.len;

    if (start->data.sequence_start.tag)
        refuse(r, start->start_mark, "tags (!...) are not supported");
    for (;;) {
        yaml_event_t event;

        if (!next(r, &event))
            break;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        str_addf(&r->path, "[%zu]", node->count);
        yaml_add(node, read_node(r, &event, depth));
        r->path.data[r->path.len = outer] = '\0';
        yaml_event_delete(&event);
        if (r->broken)
            break;
    }
    return node;
}

static const yaml_char_t *anchor_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor;
    default:
        return NULL;
    }
}

/* What looks like a text that begins with & would silently be an empty one. */
static void refuse_anchor(struct reader *r, const yaml_event_t *event)
{
    if (anchor_of(event))
        refuse(r, event->start_mark,
               "anchors (&name) are not supported; put a text that begins with & in quotes");
}

/* Whether a mapping can have such a key; tells when not. */
static bool is_key(struct reader *r, const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT &&
        strlen((char *)event->data.scalar.value) == event->data.scalar.length)
        return true;
    refuse(r, event->start_mark, "a key must be a text");
    r->broken = true;
    return false;
}

/* One key and its value.  False at the end of the mapping and after a failure. */
static bool read_pair(struct reader *r, struct yaml_node *map, yaml_event_t *event, int depth)
{
    size_t outer = r->path.len;
    const struct yaml_node *before;
    struct yaml_node *item;
    yaml_event_t value;
    const char *key;

    if (event->type == YAML_MAPPING_END_EVENT || !is_key(r, event))
        return false;
    refuse_anchor(r, event);
    key = (const char *)event->data.scalar.value;
    if (!strcmp(key, "<<") && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        refuse(r, event->start_mark, "merge keys (<<) are not supported; write the keys out");
    str_addf(&r->path, "%s%s", outer ? "." : "", key);
    before = yaml_find(map, key);
    if (before) {
        cleanup_free char *text =
            mem_printf("duplicate key; it already stands in line %d", before->key_line);

        tell(r, event->start_mark, text);
    }
    if (!next(r, &value))
        return false;
    item = read_node(r, &value, depth);
    yaml_event_delete(&value);
    item->key = mem_text(key);
    item->key_line = (int)event->start_mark.line + 1;
    item->key_column = (int)event->start_mark.column + 1;
    if (before)
        yaml_tree_free(item);
    else
        yaml_add(map, item);
    r->path.data[r->path.len = outer] = '\0';
    return !r->broken;
}

static struct yaml_node *read_map(struct reader *r, const yaml_event_t *start, int depth)
{
    struct yaml_node *node = node_at(r, YAML_MAP, start->start_mark);
    bool more = true;

    if (start->data.mapping_start.tag)
        refuse(r, start->start_mark, "tags (!...) are not supported");
    while (more) {
        yaml_event_t event;

        if (!next(r, &event))
            break;
        more = read_pair(r, node, &event, depth);
        yaml_event_delete(&event);
    }
    return node;
}

/* Always a node, an empty text where there is nothing better. */
static struct yaml_node *read_node(struct reader *r, yaml_event_t *event, int depth)
{
    struct yaml_node *node;

    refuse_anchor(r, event);
    if (depth >= MAX_DEPTH && event->type != YAML_SCALAR_EVENT) {
        refuse(r, event->start_mark, "nested too deeply");
        r->broken = true;
    } else if (event->type == YAML_SCALAR_EVENT)
        return read_text(r, event);
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        return read_list(r, event, depth + 1);
    else if (event->type == YAML_MAPPING_START_EVENT)
        return read_map(r, event, depth + 1);
    else if (event->type == YAML_ALIAS_EVENT)
        refuse(r, event->start_mark, "aliases (*name) are not supported; write the value out");
    else
        refuse(r, event->start_mark, "there is nothing here");
    node = node_at(r, YAML_TEXT, event->start_mark);
    node->text = mem_text("");
    return node;
}

/* After the one document nothing may follow. */
static void read_end(struct reader *r)
{
    yaml_event_t event;

    while (!r->broken && next(r, &event)) {
        yaml_event_type_t type = event.type;
        yaml_mark_t mark = event.start_mark;

        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT || type == YAML_NO_EVENT)
            return;
        if (type == YAML_DOCUMENT_START_EVENT) {
            refuse(r, mark, "only one document per file; remove the second");
            return;
        }
    }
}

static struct yaml_node *read_document(struct reader *r)
{
    struct yaml_node *root = NULL;

    while (!root && !r->broken) {
        yaml_event_t event;

        if (!next(r, &event))
            break;
        if (event.type == YAML_STREAM_END_EVENT) {
            refuse(r, event.start_mark, "the file is empty");
            r->broken = true;
        } else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT)
            root = read_node(r, &event, 0);
        yaml_event_delete(&event);
    }
    if (root)
        read_end(r);
    return root;
}

static void rename_file(struct yaml_node *node, const char *file)
{
    node->file = node->key_file = file;
    for (size_t i = 0; i < node->count; i++)
        rename_file(node->items[i], file);
}

/* A file of another kind: what the first byte of it is to YAML helps nobody. */
static bool is_other_kind(const struct reader *r)
{
    const char *told = file_kind_told(r->bytes, r->length);
    const struct yaml_place begin = {.file = r->file, .line = 1, .column = 1};
    cleanup_free char *text = NULL;

    if (!told && file_kind_is_wide(r->bytes, r->length))
        told = "UTF-16, or no text: save it as UTF-8";
    if (!told)
        return false;
    text = mem_printf("the file is %s", told);
    r->problem(r->arg, begin, "", text);
    return true;
}

struct yaml_node *yaml_read_text(const char *file, const char *bytes, size_t length,
                                 yaml_problem_fn *problem, void *arg)
{
    struct reader r = {
        .file = file, .bytes = bytes, .length = length, .problem = problem, .arg = arg};
    struct yaml_node *root;

    if (is_other_kind(&r))
        return NULL;
    if (!yaml_parser_initialize(&r.parser))
        abort();
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes, length);
    root = read_document(&r);
    yaml_parser_delete(&r.parser);
    str_fini(&r.path);
    if (r.failed) {
        yaml_tree_free(root);
        return NULL;
    }
    root->owned_file = mem_text(file);
    rename_file(root, root->owned_file);
    return root;
}

/* A byte order mark says only that a file is UTF-8. */
static void skip_mark(char *bytes, size_t *length)
{
    if (*length < 3 || memcmp(bytes, "\xef\xbb\xbf", 3) != 0)
        return;
    *length -= 3;
    memmove(bytes, bytes + 3, *length + 1);
}

struct yaml_node *yaml_read_input(const char *name, yaml_problem_fn *problem, void *arg)
{
    cleanup_free char *bytes = mem_new(MAX_BYTES + 2);
    size_t length = fread(bytes, 1, MAX_BYTES + 1, stdin);

    if (!ferror(stdin) && length <= MAX_BYTES) {
        skip_mark(bytes, &length);
        return yaml_read_text(name, bytes, length, problem, arg);
    }
    problem(arg, (struct yaml_place){.file = name}, "",
            ferror(stdin) ? "cannot be read" : "is larger than 4 MiB");
    return NULL;
}

FILE *yaml_read_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    return fd < 0 ? NULL : fdopen(fd, "r");
}

/* A file that can be read in part only is not read. */
static char *read_all(FILE *file, size_t size, size_t *length, char **problem)
{
    char *bytes = mem_new(size + 1);

    *length = fread(bytes, 1, size, file);
    if (ferror(file)) {
        *problem = mem_printf("cannot be read: %s", strerror(errno));
        free(bytes);
        return NULL;
    }
    skip_mark(bytes, length);
    return bytes;
}

char *yaml_read_bytes(const char *path, size_t *length, char **problem)
{
    FILE *file = yaml_read_open(path);
    struct stat status;
    char *bytes = NULL;

    *problem = NULL;
    if (!file || fstat(fileno(file), &status) < 0)
        *problem = mem_printf("cannot be read: %s", strerror(errno));
    else if (S_ISDIR(status.st_mode))
        *problem = mem_text("is a folder; name a file in it");
    else if (!S_ISREG(status.st_mode))
        *problem = mem_text("is not a regular file");
    else if (status.st_size > MAX_BYTES)
        *problem = mem_text("is larger than 4 MiB");
    else
        bytes = read_all(file, (size_t)status.st_size, length, problem);
    if (file)
        (void)fclose(file);
    return bytes;
}

struct yaml_node *yaml_read(const char *path, yaml_problem_fn *problem, void *arg)
{
    cleanup_free char *why = NULL;
    size_t length = 0;
    cleanup_free char *bytes = yaml_read_bytes(path, &length, &why);

    if (!bytes) {
        problem(arg, (struct yaml_place){.file = path}, "", why);
        return NULL;
    }
    return yaml_read_text(path, bytes, length, problem, arg);
}

#include "yaml/yaml_format.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>
#include <yaml.h>

enum { STEP = 2, DEEPEST = 128, GAPS = 8 };

enum line_kind {
    LINE_BLANK,
    LINE_COMMENT,
    LINE_STRUCTURE, /* begins with a token of its own */
    LINE_FOLDED,    /* goes on with a text, or a list or mapping in brackets */
    LINE_LITERAL,   /* of a block scalar: moved as it is */
};

struct line {
    const char *start; /* into the bytes, without its end */
    size_t length;
    enum line_kind kind;
    int old_indent, indent; /* bytes; LITERAL: indent is by how much it moves */
    bool inside;            /* begins within brackets that opened in `opened` */
    size_t opened;
    struct {
        size_t from, to; /* columns between which one blank is left */
    } gaps[GAPS];
    size_t gap_count;
};

/* A block mapping or list around what is read. */
struct block {
    bool list, implied; /* implied: a list no deeper than its key */
    int indent, old_column;
};

struct layout {
    struct line *lines;
    size_t count;
    struct block blocks[DEEPEST];
    size_t depth;
    int brackets;               /* open ones */
    size_t bracket_line;        /* where the outermost opened */
    size_t reached;             /* lines before it have their first token */
    bool after_mark;            /* the token before was ":" of a block, or "-" */
    size_t mark_line, mark_end; /* and where it ended */
    bool open_end;              /* the last line has no break */
};

/* ---- lines ---- */

static void add_line(struct layout *layout, const char *start, size_t length)
{
    struct line *line;
    size_t blanks = 0;

    while (blanks < length && start[blanks] == ' ')
        blanks++;
    layout->lines = mem_resize(layout->lines, layout->count + 1, sizeof *layout->lines);
    line = &layout->lines[layout->count++];
    *line = (struct line){.start = start, .length = length, .old_indent = (int)blanks};
    if (blanks == length || strspn(start, " \t") >= length)
        line->kind = LINE_BLANK;
    else
        line->kind = start[blanks] == '#' ? LINE_COMMENT : LINE_FOLDED;
}

/* Bytes of a line break here, as libyaml counts lines; 0: there is none. */
static size_t line_break(const char *bytes, const char *end)
{
    static const char *const breaks[] = {"\r\n",     "\n",           "\r",
                                         "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};

    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
        size_t length = strlen(breaks[i]);

        if ((size_t)(end - bytes) >= length && !memcmp(bytes, breaks[i], length))
            return length;
    }
    return 0;
}

static void split(struct layout *layout, const char *bytes, size_t length)
{
    const char *end = bytes + length, *start = bytes;

    while (bytes < end) {
        size_t skip = line_break(bytes, end);

        if (skip)
            add_line(layout, start, (size_t)(bytes - start));
        bytes += skip ? skip : 1;
        if (skip)
            start = bytes;
    }
    layout->open_end = start < end;
    if (layout->open_end)
        add_line(layout, start, (size_t)(end - start));
}

/* Bytes of the first so many characters. */
static size_t bytes_of(const struct line *line, size_t columns)
{
    size_t i = 0;

    for (; i < line->length && columns; columns--)
        for (i++; i < line->length && ((unsigned char)line->start[i] & 0xc0) == 0x80;)
            i++;
    return i;
}

/* ---- tokens ---- */

static struct block *top(struct layout *layout)
{
    return layout->depth ? &layout->blocks[layout->depth - 1] : NULL;
}

/* Where what stands in the innermost block begins. */
static int inner_indent(struct layout *layout)
{
    const struct block *block = top(layout);

    return block ? block->indent + STEP : 0;
}

static bool push(struct layout *layout, bool list, bool implied, size_t column)
{
    int indent = inner_indent(layout);

    if (layout->depth == DEEPEST)
        return false;
    layout->blocks[layout->depth++] = (struct block){list, implied, indent, (int)column};
    return true;
}

static void pop(struct layout *layout)
{
    if (layout->depth && top(layout)->implied)
        layout->depth--;
    if (layout->depth)
        layout->depth--;
}

/* The first token of a line says how deep it stands. */
static void begin_line(struct layout *layout, const yaml_mark_t *mark, int indent)
{
    struct line *line;

    if (mark->line >= layout->count || mark->line < layout->reached)
        return;
    line = &layout->lines[mark->line];
    layout->reached = mark->line + 1;
    line->kind = LINE_STRUCTURE;
    line->indent = indent;
}

static void close_gap(struct layout *layout, const yaml_mark_t *mark)
{
    struct line *line;

    if (!layout->after_mark || mark->line != layout->mark_line || mark->line >= layout->count)
        return;
    line = &layout->lines[mark->line];
    if (mark->column > layout->mark_end && line->gap_count < GAPS) {
        line->gaps[line->gap_count].from = layout->mark_end;
        line->gaps[line->gap_count++].to = mark->column;
    }
}

static void note_mark(struct layout *layout, const yaml_token_t *token)
{
    layout->after_mark = true;
    layout->mark_line = token->end_mark.line;
    layout->mark_end = token->end_mark.column;
}

/* What continues a value: deeper than what it belongs to. */
static int folded_indent(struct layout *layout, int brackets)
{
    const struct block *block = top(layout);
    int base = !block ? 0 : block->list ? block->indent + STEP : block->indent;

    return base + STEP * (brackets > 1 ? brackets : 1);
}

static void fold(struct layout *layout, size_t first, size_t last)
{
    for (size_t i = first; i <= last && i < layout->count; i++) {
        /* An empty line is a line break of the text. */
        layout->lines[i].indent =
            layout->lines[i].kind == LINE_BLANK ? 0 : folded_indent(layout, layout->brackets + 1);
        layout->lines[i].kind = LINE_FOLDED;
        layout->reached = i + 1;
    }
}

/* Its number after | or >: how deep its text stands, when it is not told by the text itself. */
static int indicator_of(const struct layout *layout, const yaml_token_t *token)
{
    const struct line *line = &layout->lines[token->start_mark.line];
    size_t at = bytes_of(line, token->start_mark.column) + 1;

    for (; at < line->length && strchr("+-0123456789", line->start[at]); at++)
        if (isdigit((unsigned char)line->start[at]))
            return line->start[at] - '0';
    return 0;
}

static bool keeps_breaks(const struct layout *layout, const yaml_token_t *token)
{
    const struct line *line = &layout->lines[token->start_mark.line];
    size_t at = bytes_of(line, token->start_mark.column) + 1;

    for (; at < line->length && strchr("+-0123456789", line->start[at]); at++)
        if (line->start[at] == '+')
            return true;
    return false;
}

/* The lines of a block scalar move together. */
static void move_literal(struct layout *layout, const yaml_token_t *token)
{
    const struct block *block = top(layout);
    size_t first = token->start_mark.line + 1, last = first, end = first;
    int indicator = indicator_of(layout, token), outer = block ? block->old_column : 0, old = -1;

    while (first < layout->count && old < 0 && last < layout->count) {
        if (layout->lines[last].kind != LINE_BLANK)
            old = layout->lines[last].old_indent;
        last++;
    }
    if (indicator)
        old = outer + indicator;
    if (old < 0 || (block && old <= outer))
        return; /* an empty one */
    for (last = first; last < layout->count; last++) {
        const struct line *line = &layout->lines[last];

        if (line->kind != LINE_BLANK && line->old_indent < old)
            break;
        if (line->kind != LINE_BLANK || keeps_breaks(layout, token))
            end = last + 1;
    }
    for (size_t i = first; i < end; i++) {
        struct line *line = &layout->lines[i];

        line->indent =
            (indicator ? (block ? block->indent : 0) + indicator : inner_indent(layout)) - old;
        if (line->kind == LINE_BLANK && line->old_indent <= old)
            line->indent = -line->old_indent; /* an empty line of the text */
        line->kind = LINE_LITERAL;
        layout->reached = i + 1;
    }
}

static void take_scalar(struct layout *layout, const yaml_token_t *token)
{
    yaml_scalar_style_t style = token->data.scalar.style;

    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE)
        move_literal(layout, token);
    else if (token->end_mark.line > token->start_mark.line)
        fold(layout, token->start_mark.line + 1, token->end_mark.line);
}

/* What a block or a value in it begins with. */
static bool take_block_token(struct layout *layout, const yaml_token_t *token)
{
    const yaml_mark_t *mark = &token->start_mark;

    switch (token->type) {
    case YAML_BLOCK_MAPPING_START_TOKEN:
        return push(layout, false, false, mark->column);
    case YAML_BLOCK_SEQUENCE_START_TOKEN:
        return push(layout, true, false, mark->column);
    case YAML_BLOCK_END_TOKEN:
        pop(layout);
        return true;
    case YAML_BLOCK_ENTRY_TOKEN:
        if (top(layout) && !top(layout)->list && !push(layout, true, true, mark->column))
            return false;
        begin_line(layout, mark, top(layout) ? top(layout)->indent : 0);
        close_gap(layout, mark);
        note_mark(layout, token);
        return true;
    case YAML_KEY_TOKEN:
        if (top(layout) && top(layout)->implied)
            layout->depth--;
        begin_line(layout, mark, top(layout) ? top(layout)->indent : 0);
        close_gap(layout, mark);
        layout->after_mark = false;
        if (token->end_mark.index > mark->index) /* it is a "?", not only the place of a key */
            note_mark(layout, token);
        return true;
    case YAML_VALUE_TOKEN: /* the ":" of a "?" begins a line */
        begin_line(layout, mark, top(layout) ? top(layout)->indent : 0);
        note_mark(layout, token);
        return true;
    default:
        begin_line(layout, mark, inner_indent(layout));
        close_gap(layout, mark);
        layout->after_mark = false;
        return true;
    }
}

/* Lines within brackets may be aligned with what stands above: they move with their first line. */
static int bracket_indent(struct layout *layout, const yaml_token_t *token)
{
    const struct line *lines = layout->lines;
    int least = folded_indent(layout, layout->brackets), moved = 0;

    if (lines && token->start_mark.line < layout->count)
        moved = lines[token->start_mark.line].old_indent + lines[layout->bracket_line].indent -
                lines[layout->bracket_line].old_indent;
    return moved > least ? moved : least;
}

static void begin_inside(struct layout *layout, const yaml_token_t *token)
{
    size_t line = token->start_mark.line;
    bool first = line >= layout->reached && line < layout->count;

    begin_line(layout, &token->start_mark, bracket_indent(layout, token));
    if (first) {
        layout->lines[line].inside = true;
        layout->lines[line].opened = layout->bracket_line;
    }
}

static bool take_token(struct layout *layout, const yaml_token_t *token)
{
    bool opens = token->type == YAML_FLOW_SEQUENCE_START_TOKEN ||
                 token->type == YAML_FLOW_MAPPING_START_TOKEN;
    bool closes =
        token->type == YAML_FLOW_SEQUENCE_END_TOKEN || token->type == YAML_FLOW_MAPPING_END_TOKEN;

    if (token->type == YAML_STREAM_START_TOKEN || token->type == YAML_STREAM_END_TOKEN)
        return true;
    if (token->type == YAML_DOCUMENT_START_TOKEN || token->type == YAML_DOCUMENT_END_TOKEN ||
        token->type == YAML_VERSION_DIRECTIVE_TOKEN || token->type == YAML_TAG_DIRECTIVE_TOKEN) {
        begin_line(layout, &token->start_mark, 0);
        return true;
    }
    if (closes)
        layout->brackets--;
    if (layout->brackets > 0 || closes)
        begin_inside(layout, token);
    else if (!take_block_token(layout, token))
        return false;
    if (opens && !layout->brackets++)
        layout->bracket_line = token->start_mark.line;
    if (token->type == YAML_SCALAR_TOKEN)
        take_scalar(layout, token);
    return true;
}

/* False when there is more than can be laid out. */
static bool take_tokens(struct layout *layout, const char *bytes, size_t length)
{
    yaml_parser_t parser;
    yaml_token_t token;
    bool good = true, over = false;

    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
    while (good && !over) {
        good = yaml_parser_scan(&parser, &token);
        if (!good)
            break;
        over = token.type == YAML_STREAM_END_TOKEN;
        good = take_token(layout, &token);
        yaml_token_delete(&token);
    }
    yaml_parser_delete(&parser);
    return good;
}

/* ---- comments ---- */

static const struct line *next_structure(const struct layout *layout, size_t at)
{
    for (size_t i = at + 1; i < layout->count; i++)
        if (layout->lines[i].kind == LINE_STRUCTURE)
            return &layout->lines[i];
    return NULL;
}

/* A line above that stood as deep, with nothing less deep in between; what stands in brackets that
 * are closed by then says nothing. */
static const struct line *alike_above(const struct layout *layout, size_t at, bool inside)
{
    for (size_t i = at; i-- > 0;) {
        const struct line *line = &layout->lines[i];

        if (line->kind != LINE_STRUCTURE || (line->inside && !inside) ||
            line->old_indent > layout->lines[at].old_indent)
            continue;
        return line->old_indent == layout->lines[at].old_indent ? line : NULL;
    }
    return NULL;
}

/* A comment stands with what it is about: what follows, or what stood as deep above. */
static void place_comments(struct layout *layout)
{
    for (size_t i = 0; i < layout->count; i++) {
        struct line *line = &layout->lines[i];
        const struct line *next, *above;

        if (line->kind != LINE_COMMENT)
            continue;
        next = next_structure(layout, i);
        above = alike_above(layout, i, next && next->inside && next->opened < i);
        if (above && (!next || next->old_indent != line->old_indent))
            line->indent = above->indent;
        else
            line->indent = next ? next->indent : 0;
    }
}

/* ---- writing ---- */

static void write_content(const struct line *line, struct str *out)
{
    size_t end = line->length, at = strspn(line->start, " \t");

    while (end > at && strchr(" \t", line->start[end - 1]))
        end--;
    for (size_t i = 0; i < line->gap_count; i++) {
        size_t from = bytes_of(line, line->gaps[i].from), to = bytes_of(line, line->gaps[i].to);

        str_add_n(out, line->start + at, from - at);
        str_add_char(out, ' ');
        at = to;
    }
    str_add_n(out, line->start + at, end - at);
}

static void write_line(const struct line *line, struct str *out)
{
    int indent = line->kind == LINE_LITERAL ? line->old_indent + line->indent : line->indent;

    for (int i = 0; i < indent; i++)
        str_add_char(out, ' ');
    if (line->kind == LINE_LITERAL) /* blanks at its end are part of the text */
        str_add_n(out, line->start + line->old_indent, line->length - (size_t)line->old_indent);
    else
        write_content(line, out);
    str_add_char(out, '\n');
}

static char *write_lines(const struct layout *layout)
{
    struct str out = {0};
    bool blank = true; /* none at the beginning */

    for (size_t i = 0; i < layout->count; i++) {
        const struct line *line = &layout->lines[i];

        if (line->kind != LINE_BLANK)
            write_line(line, &out);
        else if (!blank)
            str_add_char(&out, '\n');
        blank = line->kind == LINE_BLANK;
    }
    /* None at the end; and a break where none was would belong to the text. */
    if (out.data && ((blank && out.len > 1) ||
                     (layout->open_end && layout->lines[layout->count - 1].kind == LINE_LITERAL)))
        out.data[--out.len] = '\0';
    return str_take(&out);
}

/* ---- the proof ---- */

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

/* The first of a that is not the same in b; NULL: they are alike. */
static const struct yaml_node *other(const struct yaml_node *a, const struct yaml_node *b)
{
    const struct yaml_node *found = NULL;

    if (a->type != b->type || a->count != b->count || a->quoted != b->quoted ||
        !same_text(a->key, b->key) || !same_text(a->text, b->text))
        return a;
    for (size_t i = 0; !found && i < a->count; i++)
        found = other(a->items[i], b->items[i]);
    return found;
}

static void say_nothing(void *arg, struct yaml_place place, const char *path, const char *problem)
{
    (void)arg;
    (void)place;
    (void)path;
    (void)problem;
}

/* What would mean something else; NULL: nothing. */
static const struct yaml_node *means_another(const char *file, const struct yaml_node *before,
                                             const char *text)
{
    struct yaml_node *after = yaml_read_text(file, text, strlen(text), say_nothing, NULL);
    const struct yaml_node *found = after ? other(before, after) : before;

    yaml_tree_free(after);
    return found;
}

char *yaml_format(const char *file, const char *bytes, size_t length, yaml_problem_fn *problem,
                  void *arg)
{
    struct yaml_node *before = yaml_read_text(file, bytes, length, problem, arg);
    const struct yaml_node *changed = before;
    struct layout layout = {0};
    char *text = NULL;

    if (!before)
        return NULL;
    split(&layout, bytes, length);
    if (take_tokens(&layout, bytes, length)) {
        place_comments(&layout);
        text = write_lines(&layout);
    }
    if (text && (changed = means_another(file, before, text)) != NULL) {
        free(text);
        text = NULL;
    }
    if (!text)
        problem(arg, (struct yaml_place){file, changed->line, changed->column}, "",
                "is laid out in a way that cannot be changed without changing what it means: it "
                "stays as it is");
    free(layout.lines);
    yaml_tree_free(before);
    return text;
}

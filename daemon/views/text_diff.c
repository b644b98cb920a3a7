#include "daemon/views/text_diff.h"

#include "base/mem.h"
#include "base/text_width.h"
#include "daemon/views/terminal.h"

#include <stdint.h>
#include <string.h>

struct lines {
    char **items;
    size_t count;
};

static struct lines split(const char *text)
{
    struct lines lines = {0};

    while (*text) {
        size_t n = strcspn(text, "\n");
        cleanup_free char *line = mem_text_n(text, n);

        lines.items = mem_resize(lines.items, lines.count + 1, sizeof *lines.items);
        lines.items[lines.count++] = text_width_fit(line, 10000); /* no control characters */
        text += n + (text[n] == '\n');
    }
    return lines;
}

static void lines_fini(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->items[i]);
    free(lines->items);
}

/* common[i * (m + 1) + j]: length of the longest common part of a[i..] and b[j..]. */
static uint16_t *common_lengths(const struct lines *a, const struct lines *b)
{
    size_t width = b->count + 1;
    uint16_t *common = mem_new((a->count + 1) * width * sizeof *common);

    for (size_t i = a->count; i-- > 0;)
        for (size_t j = b->count; j-- > 0;) {
            uint16_t down = common[(i + 1) * width + j], right = common[i * width + j + 1];

            common[i * width + j] = !strcmp(a->items[i], b->items[j])
                                        ? (uint16_t)(common[(i + 1) * width + j + 1] + 1)
                                    : down > right ? down
                                                   : right;
        }
    return common;
}

struct printer {
    FILE *out;
    const char *indent;
    bool color;
    const char *kept; /* the last unchanged line, printed when a change follows */
    size_t skipped;
    bool context; /* the next unchanged line follows a change */
};

static void print_line(const struct printer *p, char mark, enum terminal_style style,
                       const char *line)
{
    (void)fprintf(p->out, "%s%s%c %s%s\n", p->indent, terminal_style(p->color, style), mark, line,
                  terminal_style(p->color, STYLE_PLAIN));
}

static void changed(struct printer *p, char mark, const char *line)
{
    if (p->skipped > 1)
        (void)fprintf(p->out, "%s  ... %zu lines as they are\n", p->indent, p->skipped - 1);
    if (p->kept)
        print_line(p, ' ', STYLE_DIM, p->kept);
    p->kept = NULL;
    p->skipped = 0;
    p->context = true;
    print_line(p, mark, mark == '-' ? STYLE_RED : STYLE_GREEN, line);
}

static void unchanged(struct printer *p, const char *line)
{
    if (p->context) {
        print_line(p, ' ', STYLE_DIM, line);
        p->context = false;
        return;
    }
    p->kept = line;
    p->skipped++;
}

static void walk(struct printer *p, const struct lines *a, const struct lines *b)
{
    bool small = a->count <= TEXT_DIFF_LINES && b->count <= TEXT_DIFF_LINES;
    cleanup_free uint16_t *common = small ? common_lengths(a, b) : NULL;
    size_t i = 0, j = 0, width = b->count + 1;

    while (i < a->count || j < b->count) {
        if (small && i < a->count && j < b->count && !strcmp(a->items[i], b->items[j])) {
            unchanged(p, a->items[i++]);
            j++;
        } else if (i < a->count && (!small || j == b->count ||
                                    common[(i + 1) * width + j] >= common[i * width + j + 1])) {
            changed(p, '-', a->items[i++]);
        } else {
            changed(p, '+', b->items[j++]);
        }
    }
}

void text_diff_print(const char *have, const char *want, const char *indent, FILE *out, bool color)
{
    struct lines a = split(have), b = split(want);
    struct printer p = {.out = out, .indent = indent, .color = color};

    walk(&p, &a, &b);
    lines_fini(&a);
    lines_fini(&b);
}

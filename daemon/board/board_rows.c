#include "daemon/board/board_rows.h"

#include "daemon/board/board_private.h"

#include <string.h>

/* NULL: there is none. */
static const struct board_pipeline *find(const struct board *board, const char *name)
{
    for (size_t i = 0; i < board->pipeline_count; i++)
        if (!strcmp(board->pipelines[i].name, name))
            return &board->pipelines[i];
    return NULL;
}

bool board_rows_know(const struct board *board, const char *pipeline)
{
    return find(board, pipeline) != NULL;
}

size_t board_rows_end(const struct board *board, struct board_part *part, bool resources,
                      bool *more)
{
    const struct board_pipeline *only = part->only ? find(board, part->only) : NULL;
    size_t first = 0, last = resources ? board->resource_count : board->pipeline_count, end;

    if (part->only) {
        first = !only ? 0 : resources ? only->first : (size_t)(only - board->pipelines);
        last = !only ? 0 : resources ? first + only->count : first + 1;
    }
    if (part->next < first)
        part->next = first;
    end = part->next < last && last - part->next > part->most ? part->next + part->most : last;
    *more = end < last;
    return end;
}

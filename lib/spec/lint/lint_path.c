/* lint_path.c -- places in S3, compared letter by letter: keys know no folders. */
#include "spec/lint/lint_path.h"

#include "base/firehose_prefix.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

char *lint_path_of(const char *location)
{
    size_t length;

    if (!location || strncmp(location, "s3://", 5) != 0)
        return NULL;
    length = strlen(location);
    return mem_printf("%s%s", location + 5, location[length - 1] == '/' ? "" : "/");
}

char *lint_path_of_stream(const json_t *stream)
{
    const char *bucket = json_text(stream, "bucket"), *prefix = json_text(stream, "prefix");
    cleanup_free char *folder = NULL;

    if (!bucket || !prefix || !strrchr(bucket, ':'))
        return NULL;
    folder = firehose_prefix_folder(prefix);
    return mem_printf("%s/%s", strrchr(bucket, ':') + 1, folder);
}

bool lint_path_nested(const char *a, const char *b)
{
    return a && b && (strncmp(a, b, strlen(a)) == 0 || strncmp(a, b, strlen(b)) == 0);
}

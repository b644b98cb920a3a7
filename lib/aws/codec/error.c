/* error.c -- the sentence that tells an error of AWS. */
#include "aws/codec/error.h"

#include "base/mem.h"

#include <string.h>

bool aws_error_is(const struct aws_error *error, const char *word, size_t length)
{
    return (strlen(error->code) == length && !strncmp(error->code, word, length)) ||
           (length && strlen(error->modelled) == length && !strncmp(error->modelled, word, length));
}

char *aws_error_summary(const struct aws_error *error)
{
    return mem_printf("%s: %s: %s", error->operation ? error->operation : "", error->code,
                      error->message);
}

char *aws_error_text(const struct aws_error *error)
{
    cleanup_free char *summary = aws_error_summary(error);

    return *error->request_id ? mem_printf("%s (request %s)", summary, error->request_id)
                              : mem_text(summary);
}

/* error.h -- what AWS said instead of doing it, and the one sentence that tells it. */
#ifndef AWS_CODEC_ERROR_H
#define AWS_CODEC_ERROR_H

#include <stdbool.h>
#include <stddef.h>

struct aws_error {
    const char *operation; /* its name in the model, which lives as long; "" when none was asked */
    int status;            /* HTTP status; 0 when no reply came */
    char code[96]; /* AWS's code, namespace and suffix stripped; "HTTP 503" where it gave none */
    /* The model's name of it, where a service that once spoke query (awsQueryCompatible) gives its
     * older one as code: QueueDoesNotExist of AWS.SimpleQueueService.NonExistentQueue.  Else "". */
    char modelled[96];
    char message[640];
    char request_id[96]; /* "" when the reply named none */
};

/* Sets the message: as much of it as fits, in whole characters, made UTF-8 (headers and bodies may
 * hold any bytes).  It may be told by a part of the message before. */
void aws_error_say(struct aws_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for any of its texts, from length bytes. */
void aws_error_copy(char *out, size_t room, const char *text, size_t length);
/* "Operation: Code: message (request ID)", or without the part in parentheses when AWS named no
 * request; new text. */
char *aws_error_text(const struct aws_error *error);
/* Whether the first length bytes of word are its code, or the model's name of it. */
bool aws_error_is(const struct aws_error *error, const char *word, size_t length);
/* The same as aws_error_text without the request: equal whenever the same happens again; new text.
 */
char *aws_error_summary(const struct aws_error *error);

#endif

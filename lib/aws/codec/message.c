/* message.c -- headers of messages and replies. */
#include "aws/codec/message.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

void aws_message_add_header(struct aws_message *message, const char *name, const char *value)
{
    struct aws_header *header;

    message->headers =
        mem_resize(message->headers, message->header_count + 1, sizeof(*message->headers));
    header = &message->headers[message->header_count++];
    header->name = mem_text(name);
    header->value = mem_text(value);
}

void aws_message_fini(struct aws_message *message)
{
    for (size_t i = 0; i < message->header_count; i++) {
        free(message->headers[i].name);
        mem_free_secret(message->headers[i].value); /* may be a session token */
    }
    free(message->headers);
    free(message->path);
    free(message->query);
    free(message->body);
    *message = (struct aws_message){0};
}

bool aws_message_reply_has(const struct aws_raw_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (!strcasecmp(reply->headers[i].name, name))
            return true;
    return false;
}

const char *aws_message_reply_header(const struct aws_raw_reply *reply, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < reply->header_count; i++) {
        const struct aws_header *header = &reply->headers[i];

        if (strcasecmp(header->name, name) != 0)
            continue;
        if (value && strcmp(value, header->value) != 0)
            return NULL;
        value = header->value;
    }
    return value;
}

const char *aws_message_request_id(const struct aws_raw_reply *reply)
{
    static const char *const names[] = {"x-amzn-requestid", "x-amz-request-id", "apigw-requestid",
                                        "x-amzn-request-id"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *id = aws_message_reply_header(reply, names[i]);

        if (id && *id)
            return id;
    }
    return NULL;
}

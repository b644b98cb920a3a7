/* model_embed.c -- takes lib/aws/models/NAME.json into the program as they are.
 *
 * AWS_MODELS_DIR comes from CMake.  A new service needs a line in both places. */
#include "aws/codec/model_embed.h"

#define EMBED(name)                                                                                \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global model_embed_" #name "_text, model_embed_" #name "_end\n"                      \
            "model_embed_" #name "_text: .incbin \"" AWS_MODELS_DIR "/" #name ".json\"\n"          \
            "model_embed_" #name "_end: .byte 0\n"                                                 \
            ".popsection\n");                                                                      \
    extern const char model_embed_##name##_text[], model_embed_##name##_end[]

EMBED(apigatewayv2);
EMBED(athena);
EMBED(cloudwatch);
EMBED(firehose);
EMBED(glue);
EMBED(iam);
EMBED(logs);
EMBED(s3);
EMBED(sts);

#define FILE_OF(name)                                                                              \
    {                                                                                              \
#name, model_embed_##name##_text, model_embed_##name##_end                                 \
    }

const struct model_embed_file model_embed_files[] = {
    FILE_OF(apigatewayv2), FILE_OF(athena),    FILE_OF(cloudwatch), FILE_OF(firehose),
    FILE_OF(glue),         FILE_OF(iam),       FILE_OF(logs),       FILE_OF(s3),
    FILE_OF(sts),          {NULL, NULL, NULL},
};

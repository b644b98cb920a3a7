/* model_embed.h -- the bytes of lib/aws/models, in the program. */
#ifndef AWS_CODEC_MODEL_EMBED_H
#define AWS_CODEC_MODEL_EMBED_H

#include <stddef.h>

struct model_embed_file {
    const char *name; /* "s3" */
    const char *text; /* JSON */
    const char *end;
};

extern const struct model_embed_file model_embed_files[]; /* ends with a NULL name */

#endif

/* model_embed.h -- the bytes of lib/aws/models, in the program. */
#ifndef AWS_CODEC_MODEL_EMBED_H
#define AWS_CODEC_MODEL_EMBED_H

#include <stddef.h>

struct model_file {
    const char *name; /* "s3" */
    const char *text; /* JSON */
    const char *end;
};

extern const struct model_file model_files[]; /* ends with a NULL name */

#endif

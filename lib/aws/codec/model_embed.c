/* model_embed.c -- takes lib/aws/models/NAME.json into the program as they are.
 *
 * CMake says where they are (AWS_MODELS_DIR) and which there are: AWS_MODELS is MODEL(athena) ...
 */
#include "aws/codec/model_embed.h"

#define MODEL(name)                                                                                \
    __asm__(".pushsection .rodata\n"                                                               \
            "model_" #name "_text: .incbin \"" AWS_MODELS_DIR "/" #name ".json\"\n"                \
            "model_" #name "_end: .byte 0\n"                                                       \
            ".popsection\n");                                                                      \
    extern const char model_##name##_text[], model_##name##_end[];
AWS_MODELS
#undef MODEL

#define MODEL(name) {#name, model_##name##_text, model_##name##_end},
const struct model_embed_file model_embed_files[] = {AWS_MODELS{NULL, NULL, NULL}};

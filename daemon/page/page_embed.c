#include "daemon/page/page_embed.h"

/* CMake says where they are. */
#define EMBED(name, path)                                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global page_embed_" name "\n"                                                        \
            "page_embed_" name ": .incbin \"" path "\"\n"                                          \
            ".byte 0\n"                                                                            \
            ".popsection\n")

EMBED("html", PAGE_DIR "/page.html");
EMBED("css", PAGE_DIR "/page.css");
EMBED("js", PAGE_DIR "/page.js");
EMBED("openapi", PAGE_OPENAPI);

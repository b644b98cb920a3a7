/* page_embed.h -- the files that are compiled in, as they are. */
#ifndef DAEMON_PAGE_PAGE_EMBED_H
#define DAEMON_PAGE_PAGE_EMBED_H

/* Each ends with a NUL that is not the file's. */
extern const char page_embed_html[], page_embed_css[], page_embed_js[], page_embed_openapi[];

#endif

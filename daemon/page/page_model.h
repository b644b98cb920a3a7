/* page_model.h -- from the API's documents to what the template asks for. */
#ifndef DAEMON_PAGE_PAGE_MODEL_H
#define DAEMON_PAGE_PAGE_MODEL_H

#include <jansson.h>

/* New reference; documents as page_write takes them. */
json_t *page_model(const json_t *documents);

#endif

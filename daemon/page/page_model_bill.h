/* page_model_bill.h -- what the page shows of usage: the ladder, how fresh it is, the calendar. */
#ifndef DAEMON_PAGE_PAGE_MODEL_BILL_H
#define DAEMON_PAGE_PAGE_MODEL_BILL_H

#include <jansson.h>
#include <stdint.h>

/* Adds "audit", "fresh" and "calendar" of a pipeline; nothing for one that is not billed. */
void page_model_bill_add(json_t *model, const json_t *documents, const char *pipeline,
                         int64_t now_s);

#endif

/* settings.h -- rollup, audit, close and partitions of the `billing` section. */
#ifndef BILLING_PRICES_SETTINGS_H
#define BILLING_PRICES_SETTINGS_H

#include "billing/prices/section.h"
#include "billing/store/context.h"

/* Fills *settings, defaults where the section is silent; problems go to reader. */
void settings_from_section(struct section_reader *reader, const json_t *section,
                           struct billing_settings *settings);
/* Frees what it holds. */
void settings_free(struct billing_settings *settings);

#endif

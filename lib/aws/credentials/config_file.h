/* config_file.h -- sections and entries as the parser leaves them; for config.c only. */
#ifndef AWS_CREDENTIALS_CONFIG_FILE_H
#define AWS_CREDENTIALS_CONFIG_FILE_H

#include "aws/credentials/config.h"

struct config_section {
    enum aws_config_section type;
    enum aws_config_kind kind;
    bool prefixed; /* "[profile default]" makes "[default]" of the same file void */
    char *name;
    struct aws_config_entry *entries;
    struct config_section *next;
};

struct config_name {
    char *text;
    struct config_name *next;
};

struct aws_config {
    struct config_section *sections;
    struct config_name *files; /* names that entries point to */
};

void config_entry_set(struct config_section *section, const char *key, const char *text,
                      const char *file, int line);
struct aws_config_entry *config_entry_find(const struct config_section *section, const char *key);
/* Finds or adds. */
struct config_section *config_section_open(struct aws_config *config, enum aws_config_section type,
                                           enum aws_config_kind kind, const char *name,
                                           bool prefixed);

#endif

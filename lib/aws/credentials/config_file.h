/* config_file.h -- the shared files as sections and entries, the way the parser leaves them; for
 * config.c and tests. */
#ifndef AWS_CREDENTIALS_CONFIG_FILE_H
#define AWS_CREDENTIALS_CONFIG_FILE_H

#include "aws/credentials/config.h"

struct config_section {
    enum aws_config_section type;
    enum aws_config_kind kind;
    bool prefixed; /* "[profile default]" makes "[default]" of the same file void */
    char *name;
    char *problem; /* "FILE:LINE: ..."; NULL: none */
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

/* Adds a file's text; the credentials file's entries win over the config file's.  -1 and *e
 * (ERR_INVALID, "FILE:LINE: problem") when there is something before the first section; what is
 * wrong in a section is kept with it, see aws_config_check. */
int config_file_parse(struct aws_config *config, enum aws_config_kind kind, const char *file,
                      const char *text, struct err *e);
/* Whether every tool knows a profile of that name; of others (with blanks, say) only the AWS CLI
 * does. */
bool config_file_is_name(const char *text);
/* An entry of that section, NULL when missing. */
struct aws_config_entry *config_file_entry(const struct config_section *section, const char *key);
/* Frees what was read, and overwrites secrets. */
void config_file_fini(struct aws_config *config);

#endif

/* kms_key.h -- what names a KMS key: its ARN, its id, an alias or an alias's ARN.
 *
 * Source: "Key identifiers (KeyId)", KMS developer guide. */
#ifndef RESOURCES_KMS_KEY_H
#define RESOURCES_KMS_KEY_H

#include "resources/kind.h"

#include <jansson.h>
#include <stdbool.h>

enum kms_key_part { KMS_KEY_REGION = 3, KMS_KEY_ACCOUNT = 4 };

/* That part of an ARN; new text, NULL: the name does not say. */
char *kms_key_part(const char *key, enum kms_key_part part);
bool kms_key_is_alias(const char *key);
/* "alias/NAME" of an alias or its ARN, borrowed; NULL: it is none. */
const char *kms_key_alias(const char *key);
/* A key that AWS keeps for one of its services ("alias/aws/s3"): who may use the service may use
 * it. */
bool kms_key_is_aws(const char *key);
/* What policies call it: the key's ARN; of an alias, which policies cannot name, any key beside it,
 * to be narrowed by kms:ResourceAliases.  facts: account, region, partition, "*" where missing. New
 * text. */
char *kms_key_resource(const char *key, const json_t *facts);
/* Tells, of the key that a field of the scope names, that billingd sees neither its policy nor its
 * state, and whom it must let in: nothing where there is no key. */
void kms_key_note(const struct scope *scope, const char *field, const char *whom, json_t *notes);

#endif

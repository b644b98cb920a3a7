/* members.h -- judges what AWS tells beside the fields of a kind, by the kind's table of members.
 *
 * Every member of a reply is a field, or a row says that it is ignored, told or drift; one that
 * nobody knows is told as unknown. */
#ifndef RESOURCES_MEMBERS_H
#define RESOURCES_MEMBERS_H

#include "resources/kind.h"

/* "none", "delayed", "misread", "dropped". */
const char *members_loss_name(enum loss loss);
/* "events are being lost"; "" for none. */
const char *members_loss_text(enum loss loss);

/* The loss of that name; none for another. */
enum loss members_loss(const char *name);

/* Appends to found, for each member of the document (and its whole reply) that is not as usual:
 * {"member", "have", "loss", "why"}, with "usual" where there is one, and for drift also "row", its
 * place in the kind's table, "at", the steps to it, and "end" where nothing resets it.
 * scope->desired says which fields are declared. */
void members_judge(const struct scope *scope, const struct call *read, const json_t *document,
                   const json_t *reply, json_t *found);
/* A text for people of one that was found; new text. */
char *members_text(const json_t *found);
/* True when the member at that path of the whole reply ("Role.Tags[].Key") is a field, the token of
 * a page, or has a row.  *row: the row, or NULL. */
bool members_know(const struct kind *kind, const struct call *read, const char *path,
                  const struct member **row) __attribute__((nonnull));
/* Puts the usual values of found drift into the parameters of the kind's update. */
void members_reset(const struct kind *kind, const json_t *found, json_t *params);

#endif

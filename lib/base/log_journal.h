/* log_journal.h -- systemd's journal in its own protocol: one datagram per record, of named fields.
 *
 * https://systemd.io/JOURNAL_NATIVE_PROTOCOL/.  libsystemd speaks it too, but waits while the
 * journal's socket is full.  Here a record waits instead of the caller, as lines do in
 * log_output.h: LOG_JOURNAL_ROOM bytes are kept, then whole records are refused. */
#ifndef BASE_LOG_JOURNAL_H
#define BASE_LOG_JOURNAL_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_JOURNAL_SOCKET "/run/systemd/journal/socket"
enum { LOG_JOURNAL_ROOM = 262144 };

/* Whether standard error goes to the journal: $JOURNAL_STREAM holds its device and inode
 * (systemd.exec(5)), so that one which was sent elsewhere since is not taken for it. */
bool log_journal_is_stderr(void);

/* From now on records go to the socket at path (copied, shorter than a socket's name may be);
 * false: there is none. */
bool log_journal_open(const char *path);
bool log_journal_is_open(void);
/* From here on no record waits for the journal. */
void log_journal_never_wait(void);

/* Adds a field: name is [A-Z0-9_]; a value with a line break takes the form for bytes. */
void log_journal_field(struct str *record, const char *name, const char *value);
/* Hands a record on, or keeps it: 0.  1: there is no room to keep it; -1: it cannot be sent
 * (errno). Neither is counted as lost. */
int log_journal_send(const struct str *record);
/* Hands on what is kept, as far as that goes without waiting.  True: some is left. */
bool log_journal_flush(void);
/* Waits until all is handed on, or the journal took none of it for so long. */
void log_journal_drain(int patience_ms);
/* Records that were kept and then lost. */
uint64_t log_journal_lost(void);

#endif

/* whole_file.h -- a file written as a whole or not at all: beside its place first, then moved.
 *
 * May wait for the disk: not on the event loop.  Safe in threads. */
#ifndef AWS_LOCAL_WHOLE_FILE_H
#define AWS_LOCAL_WHOLE_FILE_H

#include <sys/stat.h>

/* Takes the place of path, whatever stands there; 0, or an errno, and path is as it was.  like: the
 * mode and owner to give it (whoever may not give a file away keeps it); NULL: mode 0600. */
int whole_file_replace(const char *path, const char *text, const struct stat *like);
/* As whole_file_replace with mode 0600, but EEXIST where there is something already. */
int whole_file_create(const char *path, const char *text);

#endif

/* privileges.h: from root to the configured user, for good. */
#ifndef VIDIMUS_MILTER_PRIVILEGES_H
#define VIDIMUS_MILTER_PRIVILEGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { USER_NAME_MAX = 64 };

struct identity {
    bool change;       /* we are root and shall become somebody else */
    uid_t uid;         /* who we are, or will be */
    gid_t gid;         /* his own group */
    gid_t socket_gid;  /* the group that may connect */
    char user[USER_NAME_MAX];
};

/* Finds USER ("" or not root: stay who we are) and SOCKET_GROUP ("": the
 * user's own).  False with a remedy in ERROR when one does not exist. */
bool identity_find(const char *user, const char *socket_group, struct identity *identity,
                   char *error, size_t error_size);

/* Gives up root as IDENTITY says, makes sure that there is no way back, gives up every
 * capability (those of root too, if we stay root), and sets no_new_privs.  False: text
 * in ERROR; the process must end. */
bool privileges_drop(const struct identity *identity, char *error, size_t error_size);

#endif

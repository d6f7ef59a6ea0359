/* key_file.h: reading a private key from its file.
 *
 * The file must be one that only root, or we, can have written, and that others
 * cannot read.  Symbolic links are followed: secrets are often handed over
 * through links (systemd, Kubernetes, a shared folder), and what counts is the
 * owner and the mode of the file at their end.
 */
#ifndef VIDIMUS_CORE_KEY_FILE_H
#define VIDIMUS_CORE_KEY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

enum { KEY_FILE_MAX = 32768, KEY_FILE_WHY = 320 };

/* Who may own keys, besides root and ourselves. */
struct key_owner {
    const char *user; /* the account that keys are handed to; "" : none */
    uid_t uid;
};

/* The account of `user`, as long as it exists. */
struct key_owner key_owner_of(const char *user);

/* Tells whether a file is the one that was read before. */
struct key_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
    bool known;
};

struct key_file {
    struct key_stamp stamp;
    char *octets; /* hand it to crypt_wipe_free() with LEN; NULL: see WHY */
    size_t len;
    char why[KEY_FILE_WHY]; /* "(root, 0644) can be read by others: chmod 0640 FILE" */
};

/* Where FILE of a key_source lies, into PATH; NULL, or what is wrong. */
const char *key_file_path(const char *file, char *path, size_t size);

/* Reads PATH, unless it is the file that BEFORE (or NULL) stamps: then octets is
 * NULL and why is empty.  OWNER NULL: whoever may have it. */
void key_file_read(const char *path, const struct key_owner *owner,
                   const struct key_stamp *before, struct key_file *file);

#endif

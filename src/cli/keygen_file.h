/* keygen_file.h: the file of a new private key. */
#ifndef VIDIMUS_CLI_KEYGEN_FILE_H
#define VIDIMUS_CLI_KEYGEN_FILE_H

#include "auth/crypt.h"

enum { KEYGEN_ERROR = 256, KEYGEN_OWNER = 160 };

struct keygen_file {
    const char *path;
    const char *user;          /* who will read it, if there is such an account */
    bool make_folder;          /* where PATH lies, too */
    char owner[KEYGEN_OWNER];  /* what came out: "root:vidimus 0640" */
    char error[KEYGEN_ERROR];
};

/* Writes SIGNER as PEM to a file that is not there yet: 0640 and the user's group
 * when root runs us, else 0600.  False with an error; no file is left then. */
bool keygen_file_write(struct keygen_file *file, const struct crypt_signer *signer);

#endif

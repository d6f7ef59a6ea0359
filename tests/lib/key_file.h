/* key_file.h: the RSA key of rfc_keys.h in a file, for a whole group of tests. */
#ifndef VIDIMUS_TESTS_KEY_FILE_H
#define VIDIMUS_TESTS_KEY_FILE_H

#include "rfc_keys.h"
#include "snapshot_fixture.h"

static char key_file[FILE_NAME_SIZE];

static inline int set_up(void **state)
{
    (void)state;
    make_file(key_file, RFC_RSA_PEM);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    unlink(key_file);
    return 0;
}

#endif

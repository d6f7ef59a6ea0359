#include "milter/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

static bool find_user(const char *user, struct identity *identity, char *error, size_t error_size)
{
    const struct passwd *entry = getpwnam(user);

    if (!entry) {
        snprintf(error, error_size,
                 "user \"%s\" does not exist: create it (useradd --system --no-create-home "
                 "--shell /usr/sbin/nologin %s) or set another `user`", user, user);
        return false;
    }
    identity->uid = entry->pw_uid;
    identity->gid = entry->pw_gid;
    identity->change = entry->pw_uid != 0;
    snprintf(identity->user, sizeof identity->user, "%s", user);
    return true;
}

static void warn_of_other_user(const char *user)
{
    const struct passwd *entry = getpwnam(user);

    if (!entry || entry->pw_uid != geteuid())
        log_line(LOG_LEVEL_WARN, "not started as root: user=%s is ignored, uid stays %u", user,
                 (unsigned)geteuid());
}

bool identity_find(const char *user, const char *socket_group, struct identity *identity,
                   char *error, size_t error_size)
{
    const struct group *group;

    *identity = (struct identity){ .uid = geteuid(), .gid = getegid() };
    if (geteuid() == 0 && user[0]) {
        if (!find_user(user, identity, error, error_size))
            return false;
    } else if (user[0]) {
        warn_of_other_user(user);
    }
    if (geteuid() == 0 && !identity->change)
        log_line(LOG_LEVEL_WARN, "running as root: set `user` to an account of its own");
    identity->socket_gid = identity->gid;
    if (!socket_group[0])
        return true;
    group = getgrnam(socket_group);
    if (!group) {
        snprintf(error, error_size, "socket-group \"%s\" does not exist", socket_group);
        return false;
    }
    identity->socket_gid = group->gr_gid;
    return true;
}

static bool become(const struct identity *identity)
{
    return initgroups(identity->user, identity->gid) == 0 &&
           setresgid(identity->gid, identity->gid, identity->gid) == 0 &&
           setresuid(identity->uid, identity->uid, identity->uid) == 0;
}

/* No program that we could start would get any.  Takes CAP_SETPCAP; without it
 * no_new_privs has to be enough. */
static void empty_bounding_set(void)
{
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
         capability++)
        (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
}

/* The C library has no calls for it, and libcap would be one library more.  Where none
 * is held nothing is set: our unit's filter of system calls would refuse that. */
static bool give_up_capabilities(void)
{
    struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };
    struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3];

    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capget, &head, held) == 0 && memcmp(held, none, sizeof none) == 0)
        return true;
    return syscall(SYS_capset, &head, none) == 0;
}

bool privileges_drop(const struct identity *identity, char *error, size_t error_size)
{
    empty_bounding_set();
    if (identity->change) {
        if (!become(identity)) {
            snprintf(error, error_size, "cannot become user \"%s\": %s", identity->user,
                     strerror(errno));
            return false;
        }
        if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0) {
            snprintf(error, error_size, "root could be regained after becoming \"%s\"",
                     identity->user);
            return false;
        }
    }
    if (give_up_capabilities() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        return true;
    snprintf(error, error_size, "cannot give up privileges: %s", strerror(errno));
    return false;
}

/* message_fixture.h: the message of a test or of a test group. */
#ifndef VIDIMUS_TESTS_MESSAGE_FIXTURE_H
#define VIDIMUS_TESTS_MESSAGE_FIXTURE_H

#include "mail/message.h"

static struct message *message;

static int set_up(void **state)
{
    (void)state;
    message = message_new(0);
    return message ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    message_free(message);
    return 0;
}

#endif

/* region_fixture.h: the region of a test group, and that nothing in it failed. */
#ifndef VIDIMUS_TESTS_REGION_FIXTURE_H
#define VIDIMUS_TESTS_REGION_FIXTURE_H

#include "base/region.h"

static struct region *region;

static int set_up(void **state)
{
    (void)state;
    region = region_new(0);
    return region ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    assert_false(region_failed(region));
    region_free(region);
    return 0;
}

#endif

/* row_fixture.h: report rows that are told apart by a number. */
#ifndef VIDIMUS_TESTS_ROW_FIXTURE_H
#define VIDIMUS_TESTS_ROW_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "report/row.h"

/* ROW NUMBER, with SIGNATURES failed ones; its author domain, which says the
 * number, lies in NAME. */
static inline void make_row(struct row *row, unsigned long long number, size_t signatures,
                            char name[32])
{
    snprintf(name, 32, "r%llu.example", number);
    *row = (struct row){
        .time = 1795000000,
        .source = ip_from_octets(IP_V4, (const uint8_t[]){ 192, 0, 2, 1 }),
        .header_from = name,
        .envelope_from = "",
        .envelope_to = "",
        .policy = { .domain = name, .fo = "", .rua = "mailto:d@example.org", .ruf = "" },
        .dkim_count = signatures,
        .spf = { .domain = "", .human = "" },
    };
    for (size_t i = 0; i < signatures; i++)
        row->dkim[i] = (struct row_dkim){ name, "s1", RESULT_FAIL, "" };
}

/* The number that make_row() gave ROW. */
static inline unsigned long long row_number(const struct row *row)
{
    return strtoull(row->header_from + 1, NULL, 10);
}

#endif

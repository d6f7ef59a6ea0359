/* crc32.h: the CRC-32 of gzip and zlib (ISO 3309, RFC 1952 §8).  Against torn and
 * rotten files, not against an attacker. */
#ifndef VIDIMUS_REPORT_CRC32_H
#define VIDIMUS_REPORT_CRC32_H

#include <stdint.h>

#include "base/text.h"

uint32_t crc32_of(struct text t);

#endif

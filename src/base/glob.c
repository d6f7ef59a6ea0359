#include "base/glob.h"

bool glob_matches(struct text pattern, struct text t)
{
    size_t p = 0, i = 0;
    size_t star = pattern.len, resume = 0; /* the last *, and where it goes on from */

    while (i < t.len) {
        if (p < pattern.len && pattern.data[p] == '*') {
            star = p++;
            resume = i;
        } else if (p < pattern.len && octet_lower(pattern.data[p]) == octet_lower(t.data[i])) {
            p++;
            i++;
        } else if (star < pattern.len) {
            p = star + 1;
            i = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*')
        p++;
    return p == pattern.len;
}

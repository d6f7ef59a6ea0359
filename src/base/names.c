#include "base/names.h"

const char *name_of(const struct name *table, int value)
{
    for (; table->name; table++)
        if (table->value == value)
            return table->name;
    return "?";
}

bool name_value(const struct name *table, struct text name, int *value)
{
    for (; table->name; table++)
        if (text_equal_nocase(text_of(table->name), name)) {
            *value = table->value;
            return true;
        }
    return false;
}

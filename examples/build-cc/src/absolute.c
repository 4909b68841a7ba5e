#include <stdlib.h>

int absolute(int number)
{
    return abs(number);
}

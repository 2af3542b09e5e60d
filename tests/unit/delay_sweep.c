/* SPDX-License-Identifier: Apache-2.0 */
/* Checks every delay that the ring knows, from 0 to 2^28-1 units. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/delay_property.h"

int main(void)
{
	for (uint32_t units = 0; units <= DELAY_UNITS_MAX; units++) {
		if (!delay_is_right(units)) {
			fprintf(stderr, "wrong at %u units\n", units);
			return EXIT_FAILURE;
		}
	}
	printf("%u delays are right\n", DELAY_UNITS_MAX + 1);
	return EXIT_SUCCESS;
}

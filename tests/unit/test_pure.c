/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tests/unit/suites.h"

int main(void)
{
	SRunner *runner = srunner_create(buf_suite());
	srunner_add_suite(runner, clock_suite());
	srunner_add_suite(runner, log_suite());
	srunner_add_suite(runner, table_suite());
	srunner_add_suite(runner, job_suite());
	srunner_add_suite(runner, retry_suite());
	srunner_add_suite(runner, delay_suite());
	srunner_add_suite(runner, settle_suite());
	srunner_add_suite(runner, headers_suite());
	srunner_add_suite(runner, box_suite());
	srunner_add_suite(runner, outbound_suite());
	srunner_add_suite(runner, fate_suite());
	srunner_add_suite(runner, topology_suite());
	srunner_add_suite(runner, verdict_suite());
	srunner_add_suite(runner, window_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

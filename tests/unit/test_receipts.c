/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "producer/batch/receipts.h"

/*
 * stdio forgets what it could not write when its buffer overflows. fflush then has nothing to do
 * and succeeds.
 */
START_TEST(a_receipt_that_overflowed_onto_a_full_disk_is_an_error)
{
	char reason[64 * 1024];
	struct error err = {0};
	struct receipts r = {.file = fopen("/dev/full", "a")};
	ck_assert_ptr_nonnull(r.file);
	memset(reason, 'x', sizeof reason - 1);
	reason[sizeof reason - 1] = '\0';
	receipts_write(&r, 1, "file", 1, "id", "rejected", reason);
	ck_assert_int_eq(receipts_flush(&r, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_IO);
	ck_assert_msg(strstr(err.text, "No space left"), "%s", err.text);
	ck_assert_int_eq(receipts_flush(&r, &err), -1);
	receipts_finish(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("receipts");
	TCase *tc = tcase_create("receipts");
	tcase_add_test(tc, a_receipt_that_overflowed_onto_a_full_disk_is_an_error);
	suite_add_tcase(s, tc);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a receipts file of any bytes. It is refused, or resumed so that a line written to it is
 * there the next time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "producer/batch/receipts.h"
#include "tests/fuzz/fuzz.h"

enum { ORDINALS = 64 };

/*
 * Ordinals up to 2^36 are allowed, and their bits take gigabytes. Such inputs are refused here
 * before any memory is taken.
 */
static bool has_long_number(const uint8_t *data, size_t size)
{
	size_t run = 0;
	for (size_t i = 0; i < size; i++) {
		run = data[i] >= '0' && data[i] <= '9' ? run + 1 : 0;
		if (run > 8)
			return true;
	}
	return false;
}

static uint64_t confirmed_bits(const struct receipts *r)
{
	uint64_t bits = 0;
	for (uint64_t i = 0; i < ORDINALS; i++)
		bits |= (uint64_t)receipts_confirmed(r, i) << i;
	return bits;
}

static void check_resumed(struct receipts *r, const char *path)
{
	struct receipts again;
	struct error err = {0};
	fuzz_check(strlen(r->batch) == JOB_UUID_SIZE - 1 && r->began_ms >= 0);
	fuzz_check(!receipts_confirmed(r, 0));
	uint64_t before = confirmed_bits(r);
	receipts_write(r, 17, "a \"file\"\n\x9b", 3, "some:id", "confirmed", NULL);
	receipts_write(r, 18, "f", 4, "some:id", "failed",
	               "because\n{\"n\":19,\"state\":\"confirmed\"}");
	fuzz_check(receipts_flush(r, &err) == 0);
	fuzz_check(receipts_resume(&again, path, &err) == 0);
	fuzz_check(strcmp(again.batch, r->batch) == 0 && again.began_ms == r->began_ms);
	fuzz_check(confirmed_bits(&again) == (before | UINT64_C(1) << 17));
	receipts_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (has_long_number(data, size))
		return 0;
	struct receipts r;
	struct error err = {0};
	char path[64];
	int fd = memfd_create("receipts", MFD_CLOEXEC);
	fuzz_check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (receipts_resume(&r, path, &err) == 0)
		check_resumed(&r, path);
	else
		fuzz_check(err.kind == ERROR_DATA && err.text[0]);
	receipts_finish(&r);
	close(fd);
	return 0;
}

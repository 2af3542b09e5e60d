/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs any bytes. One line comes out, a terminal takes no order from it, and the JSON form is JSON.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/printable.h"

static char *written(const char *queue, const char *job, struct span text, enum log_form form,
                     size_t *len)
{
	static int fd = -1;
	static char path[64];
	struct error err = {0};
	if (fd < 0) {
		fd = memfd_create("log", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		fuzz_check(fd >= 0 && log_open(path, &err) == 0);
	}
	log_configure(LOG_DEBUG, form);
	fuzz_check(ftruncate(fd, 0) == 0);
	log_bytes(LOG_INFO, (struct log_subject){queue, job}, "", text);
	off_t end = lseek(fd, 0, SEEK_END);
	char *line = calloc(1, (size_t)end + 1);
	fuzz_check(line && pread(fd, line, (size_t)end, 0) == end);
	*len = (size_t)end;
	return line;
}

static void check_line(const char *line, size_t len)
{
	fuzz_check(len > 0 && line[len - 1] == '\n');
	fuzz_check(printable_offender(line, len - 1, "") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	char *queue = fuzz_text(fuzz_bytes(&in, fuzz_u8(&in) % 32)),
	     *job = fuzz_text(fuzz_bytes(&in, fuzz_u8(&in) % 32));
	struct span rest = fuzz_rest(&in);
	size_t len;
	char *line = written(*queue ? queue : NULL, *job ? job : NULL, rest, LOG_TEXT, &len);
	check_line(line, len);
	free(line);
	line = written(*queue ? queue : NULL, *job ? job : NULL, rest, LOG_JSON, &len);
	check_line(line, len);
	json_t *value = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	fuzz_check(json_is_string(json_object_get(value, "text")) &&
	           json_is_string(json_object_get(value, "time")));
	json_decref(value);
	free(line);
	free(queue);
	free(job);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file of any bytes: refused with words, or shown so that it reads as the same
 * settings again. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/job/job.h"
#include "common/settings/settings.h"
#include "tests/fuzz/fuzz.h"

/* libconfig forgets the text of a string that does not end. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

struct text_file {
	int fd;
	char path[64];
};

static void text_file_open(struct text_file *f, const char *data, size_t len)
{
	f->fd = memfd_create("settings", MFD_CLOEXEC);
	fuzz_check(f->fd >= 0 && write(f->fd, data, len) == (ssize_t)len);
	snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd);
}

static char *shown(const struct settings *s, enum settings_program program, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	if (!out)
		abort();
	settings_show(s, program, out);
	fclose(out);
	return text;
}

/* What is shown loads, and shows the same. */
static void check_shown(const struct settings *s, enum settings_program program)
{
	struct settings again;
	struct text_file file;
	struct error err = {0};
	size_t len, len_again;
	char *text = shown(s, program, &len);
	text_file_open(&file, text, len);
	settings_init(&again, program);
	fuzz_check(settings_load(&again, program, file.path, &err) == 0);
	char *second = shown(&again, program, &len_again);
	fuzz_check(len == len_again && memcmp(text, second, len) == 0);
	close(file.fd);
	free(text);
	free(second);
	settings_finish(&again);
}

static void check_sane(const struct settings *s)
{
	fuzz_check(s->slots >= 1 && s->slots <= 2000 && s->max_body >= 1024 &&
	           s->max_body <= 128 << 20);
	fuzz_check(s->prefix && queue_name_valid(span_of(s->prefix)));
	for (size_t i = 0; i < s->queue_count; i++)
		fuzz_check(queue_name_valid(span_of(s->queues[i].name)) &&
		           s->queues[i].weight >= 1);
	for (size_t i = 0; i < s->handler_count; i++)
		fuzz_check(s->handlers[i].type && s->handlers[i].run);
	for (size_t i = 0; i < s->route_count; i++)
		fuzz_check(queue_name_valid(span_of(s->routes[i].queue)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The rest of the line of @include is libconfig's to open: any file of this machine. */
	if (size == 0 || memmem(data, size, "@include", 8))
		return 0;
	enum settings_program program = data[0] & 1 ? SETTINGS_WORKER : SETTINGS_PRODUCER;
	struct settings s;
	struct text_file file;
	struct error err = {0};
	text_file_open(&file, (const char *)data + 1, size - 1);
	settings_init(&s, program);
	if (settings_load(&s, program, file.path, &err) < 0) {
		fuzz_check(err.kind == ERROR_CONFIG && err.text[0]);
	} else {
		check_sane(&s);
		check_shown(&s, program);
	}
	settings_finish(&s);
	close(file.fd);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a configuration file of any bytes. It is refused with words, or shown so that it reads as
 * the same settings again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/job/job.h"
#include "common/settings/settings_load.h"
#include "producer/session/producer_settings.h"
#include "tests/fuzz/fuzz.h"
#include "worker/settings/worker_settings.h"

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

/* The settings of either program. */
union settings {
	struct worker_settings worker;
	struct producer_settings producer;
};

static char *shown(const struct settings_schema *schema, const union settings *s, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	if (!out)
		abort();
	settings_show(schema, s, out);
	fclose(out);
	return text;
}

/* Checks that what is shown loads and shows the same. */
static void check_shown(const struct settings_schema *schema, const union settings *s)
{
	union settings again;
	struct text_file file;
	struct error err = {0};
	size_t len, len_again;
	char *text = shown(schema, s, &len);
	text_file_open(&file, text, len);
	settings_init(schema, &again);
	fuzz_check(settings_load(schema, &again, file.path, &err) == 0);
	char *second = shown(schema, &again, &len_again);
	fuzz_check(len == len_again && memcmp(text, second, len) == 0);
	close(file.fd);
	free(text);
	free(second);
	settings_finish(schema, &again);
}

static void check_worker(const struct worker_settings *s)
{
	fuzz_check(s->slots >= 1 && s->slots <= 2000);
	for (size_t i = 0; i < s->handler_count; i++)
		fuzz_check(s->handlers[i].type && s->handlers[i].run);
}

static void check_producer(const struct producer_settings *s)
{
	for (size_t i = 0; i < s->route_count; i++)
		fuzz_check(queue_name_valid(span_of(s->routes[i].queue)));
}

static void check_shared(const struct settings_schema *schema, const union settings *s)
{
	const void *at = (const char *)s + schema->connection;
	const struct connection_settings *c = at;
	fuzz_check(c->max_body >= 1024 && c->max_body <= 128 << 20);
	fuzz_check(c->prefix && queue_name_valid(span_of(c->prefix)));
	for (size_t i = 0; i < queues_count(schema, s); i++) {
		const struct queue_settings *q = queues_at(schema, s, i);
		fuzz_check(queue_name_valid(span_of(q->name)) && q->weight >= 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/*
	 * libconfig would open the file that @include names, which could be any file of this
	 * machine.
	 */
	if (size == 0 || memmem(data, size, "@include", 8))
		return 0;
	bool is_worker = data[0] & 1;
	const struct settings_schema *schema = is_worker ? &worker_schema : &producer_schema;
	union settings s;
	struct text_file file;
	struct error err = {0};
	text_file_open(&file, (const char *)data + 1, size - 1);
	settings_init(schema, &s);
	if (settings_load(schema, &s, file.path, &err) < 0) {
		fuzz_check(err.kind == ERROR_CONFIG && err.text[0]);
	} else {
		check_shared(schema, &s);
		if (is_worker)
			check_worker(&s.worker);
		else
			check_producer(&s.producer);
		check_shown(schema, &s);
	}
	settings_finish(schema, &s);
	close(file.fd);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/receipts.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/memory.h"

#define ORDINAL_MAX (UINT64_C(1) << 36) /* 8 GiB of bits; a file that says more is broken */

static bool is_uuid7(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-7xxx-xxxx-xxxxxxxxxxxx";
	if (strlen(text) != sizeof form - 1)
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'x' ? !strchr("0123456789abcdef", text[i]) : text[i] != form[i])
			return false;
	return true;
}

/* The first 48 bits of a UUIDv7 are milliseconds (RFC 9562, 5.7). */
static int64_t time_of(const char *uuid)
{
	char digits[13];
	snprintf(digits, sizeof digits, "%.8s%.4s", uuid, uuid + 9);
	return strtoll(digits, NULL, 16);
}

int receipts_create(struct receipts *r, const char *path, struct error *err)
{
	struct stat st;
	*r = (struct receipts){0};
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		return error_set(err, ERROR_USAGE,
		                 "receipts '%s' exist already; go on with them by --resume, or "
		                 "name another file",
		                 path);
	r->file = fopen(path, "ae");
	if (!r->file)
		return error_set_errno(err, ERROR_IO, errno, "receipts '%s'", path);
	job_make_uuid7(clock_now_ms(), r->batch);
	r->began_ms = time_of(r->batch);
	fprintf(r->file, "{\"batch\":\"%s\"}\n", r->batch);
	return receipts_flush(r, err);
}

static bool note_confirmed(struct receipts *r, uint64_t ordinal)
{
	if (ordinal == 0 || ordinal > ORDINAL_MAX)
		return false;
	if (ordinal >= r->capacity) {
		uint64_t capacity = r->capacity ? r->capacity : 8192;
		while (capacity <= ordinal)
			capacity *= 2;
		r->confirmed = xrealloc(r->confirmed, capacity / 8, 1);
		memset(r->confirmed + r->capacity / 8, 0, (capacity - r->capacity) / 8);
		r->capacity = capacity;
	}
	r->confirmed[ordinal / 8] |= (unsigned char)(1 << ordinal % 8);
	return true;
}

static int read_first(struct receipts *r, const char *path, struct span line, struct error *err)
{
	json_t *value = line.at ? json_loadb(line.at, line.len, 0, NULL) : NULL;
	const char *batch = json_string_value(json_object_get(value, "batch"));
	bool ok = batch && is_uuid7(batch);
	if (ok) {
		memcpy(r->batch, batch, JOB_UUID_SIZE);
		r->began_ms = time_of(batch);
	}
	json_decref(value);
	return ok ? 0
	          : error_set(err, ERROR_DATA,
	                      "'%s' is not a receipts file: its first line names no batch", path);
}

static int read_line(struct receipts *r, const char *path, uint64_t number, struct span line,
                     struct error *err)
{
	json_t *value = json_loadb(line.at, line.len, 0, NULL);
	json_int_t n = json_integer_value(json_object_get(value, "n"));
	const char *state = json_string_value(json_object_get(value, "state"));
	bool ok = n > 0 && state;
	if (ok && strcmp(state, "confirmed") == 0)
		ok = note_confirmed(r, (uint64_t)n);
	json_decref(value);
	return ok ? 0
	          : error_set(err, ERROR_DATA, "%s:%llu: not a receipt", path,
	                      (unsigned long long)number);
}

/* Sets *whole to the bytes of whole lines. A killed run may have left part of a line behind them.
 */
static int read_lines(struct receipts *r, const char *path, FILE *in, off_t *whole,
                      struct error *err)
{
	cleanup_free char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int rc = 0;
	*whole = 0;
	for (uint64_t number = 1; rc == 0 && (len = getline(&line, &size, in)) > 0; number++) {
		if (line[len - 1] != '\n')
			break;
		const struct span span = {line, (size_t)len};
		*whole += len;
		rc = number == 1 ? read_first(r, path, span, err)
		                 : read_line(r, path, number, span, err);
	}
	if (rc == 0 && !r->batch[0])
		return read_first(r, path, (struct span){0}, err);
	return rc;
}

int receipts_resume(struct receipts *r, const char *path, struct error *err)
{
	off_t whole;
	*r = (struct receipts){0};
	FILE *in = fopen(path, "re");
	if (!in)
		return error_set_errno(err, ERROR_NOINPUT, errno, "receipts '%s'", path);
	int rc = read_lines(r, path, in, &whole, err);
	fclose(in);
	if (rc == 0) {
		r->file = fopen(path, "ae");
		if (!r->file || ftruncate(fileno(r->file), whole) < 0)
			rc = error_set_errno(err, ERROR_IO, errno, "receipts '%s'", path);
	}
	if (rc < 0)
		receipts_finish(r);
	return rc;
}

void receipts_finish(struct receipts *r)
{
	if (r->file)
		fclose(r->file);
	free(r->confirmed);
	*r = (struct receipts){0};
}

bool receipts_confirmed(const struct receipts *r, uint64_t ordinal)
{
	return ordinal < r->capacity && r->confirmed[ordinal / 8] >> ordinal % 8 & 1;
}

void receipts_write(struct receipts *r, uint64_t ordinal, const char *file, uint64_t line,
                    const char *id, const char *state, const char *reason)
{
	if (!r->file)
		return;
	struct buf b = {0};
	buf_printf(&b, "{\"n\":%llu,\"file\":", (unsigned long long)ordinal);
	buf_append_json_string(&b, file, strlen(file));
	buf_printf(&b, ",\"line\":%llu", (unsigned long long)line);
	if (id)
		buf_printf(&b, ",\"id\":\"%s\"", id);
	buf_printf(&b, ",\"state\":\"%s\"", state);
	if (reason) {
		buf_append_text(&b, ",\"reason\":");
		buf_append_json_string(&b, reason, strlen(reason));
	}
	buf_append_text(&b, "}\n");
	if (fwrite(b.data, 1, b.len, r->file) != b.len && r->failed == 0)
		r->failed = errno;
	buf_finish(&b);
}

int receipts_flush(struct receipts *r, struct error *err)
{
	if (r->file && fflush(r->file) != 0 && r->failed == 0)
		r->failed = errno;
	return r->failed == 0 ? 0
	                      : error_set_errno(err, ERROR_IO, r->failed, "writing the receipts");
}

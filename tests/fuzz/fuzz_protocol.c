/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a line of any bytes as a handler's reply, and writes the request for a job of any text. */
#include <jansson.h>
#include <stdlib.h>

#include "common/job/codec.h"
#include "common/base/memory.h"
#include "common/job/scan.h"
#include "tests/fuzz/fuzz.h"
#include "worker/handlers/http_status.h"
#include "worker/handlers/protocol.h"

static void check_reply(struct span line)
{
	struct reply r;
	struct scan_value v;
	struct scan_error err;
	const char *why = NULL;
	if (!protocol_read(line, &r, &why)) {
		fuzz_check(why && *why);
		protocol_reply_finish(&r);
		return;
	}
	fuzz_check(scan_text(line, &v, &err) && v.kind == SCAN_OBJECT);
	fuzz_check(r.kind >= REPLY_READY && r.kind <= REPLY_PROGRESS);
	fuzz_check(r.kind == REPLY_READY ? r.number > 0 : job_id_valid(span_of(r.id)));
	fuzz_check(r.number >= -1 && r.after_ms >= -1 && r.cpu_user_us >= -1 &&
	           r.cpu_system_us >= -1);
	fuzz_check(r.max_rss_kib >= -1);
	if (r.result.at)
		fuzz_check(fuzz_lies_in(r.result, line) && scan_text(r.result, &v, &err));
	protocol_reply_finish(&r);
}

/* Reads a request, which must be one line of JSON whatever the job is. */
static json_t *read_request(const struct buf *line)
{
	fuzz_check(line->len > 0 && line->data[line->len - 1] == '\n');
	fuzz_check(!memchr(line->data, '\n', line->len - 1) &&
	           !memchr(line->data, '\r', line->len));
	struct scan_value v;
	struct scan_error err;
	/* The deepest document there may be lies one level deeper in the request. */
	fuzz_check(scan_text((struct span){line->data, line->len - 1}, &v, &err) ||
	           strcmp(err.reason, "nested too deeply") == 0);
	return json_loadb(line->data, line->len, JSON_ALLOW_NUL, NULL);
}

static void check_raw(struct span body)
{
	char id[] = "some:id", type[] = "some.type";
	const struct job j = {.id = id, .type = type};
	const struct run_request q = {
	    .job = &j, .document = body, .raw = true, .queue = "mail", .attempt = 1};
	struct buf line = {0};
	protocol_write_request(&line, &q);
	json_t *value = read_request(&line);
	const char *text = json_string_value(json_object_get(value, "body_b64"));
	fuzz_check(text && strlen(text) == (body.len + 2) / 3 * 4);
	json_decref(value);
	buf_finish(&line);
}

static void check_document(struct span document)
{
	struct job j;
	struct codec_error err;
	if (!codec_decode(document, 1 << 20, CODEC_FIELDS_LENIENT, &j, &err)) {
		check_raw(document);
		return;
	}
	if (!j.id)
		j.id = xstrdup("some:id");
	const struct run_request q = {
	    .job = &j, .document = document, .queue = "mail", .attempt = 2, .max_attempts = 5};
	struct buf line = {0};
	protocol_write_request(&line, &q);
	json_t *value = read_request(&line);
	if (value) { /* jansson knows no number beyond its types */
		fuzz_check(json_object_size(value) == 7 &&
		           json_is_object(json_object_get(value, "job")));
		fuzz_check(strcmp(json_string_value(json_object_get(value, "id")), j.id) == 0);
	}
	json_decref(value);
	for (size_t i = 0; i < j.header_count; i++)
		if (http_header_safe(j.headers[i].value))
			fuzz_check(!strpbrk(j.headers[i].value, "\r\n\t\x7f"));
	buf_finish(&line);
	job_finish(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	check_reply(text);
	check_document(text);
	return 0;
}

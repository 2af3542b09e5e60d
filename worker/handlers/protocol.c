/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/protocol.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/base64.h"
#include "common/base/clock.h"
#include "common/job/scan.h"

/* ---- reading ---- */

static const struct {
	struct span key; /* with its quotes */
	enum reply_kind kind;
} kinds[] = {
    {SPAN_LITERAL("\"ok\""), REPLY_OK},
    {SPAN_LITERAL("\"retry\""), REPLY_RETRY},
    {SPAN_LITERAL("\"snooze\""), REPLY_SNOOZE},
    {SPAN_LITERAL("\"dead\""), REPLY_DEAD},
    {SPAN_LITERAL("\"progress\""), REPLY_PROGRESS},
    {SPAN_LITERAL("\"ready\""), REPLY_READY},
};

static bool read_number(struct scan_value v, int64_t *out)
{
	char text[32], *end;
	if (v.kind != SCAN_NUMBER || v.text.len >= sizeof text)
		return false;
	memcpy(text, v.text.at, v.text.len);
	text[v.text.len] = 0;
	double n = strtod(text, &end);
	if (*end || !(n >= 0) || n > 9e15)
		return false;
	*out = (int64_t)n;
	return true;
}

static bool read_id(struct scan_value v, char out[static JOB_ID_MAX + 1])
{
	struct span plain = {v.text.at + 1, v.text.len - 2};
	struct buf text = {0};
	if (v.kind == SCAN_STRING && job_id_valid(plain)) { /* then nothing in it is escaped */
		memcpy(out, plain.at, plain.len);
		out[plain.len] = 0;
		return true;
	}
	bool ok = v.kind == SCAN_STRING && scan_unescape(v.text, &text) && text.len <= JOB_ID_MAX &&
	          job_id_valid((struct span){text.data, text.len});
	if (ok)
		memcpy(out, text.data, text.len + 1);
	buf_finish(&text);
	return ok;
}

static void read_usage(struct scan_value v, struct reply *r)
{
	struct scan_member m;
	size_t at = 0;
	while (v.kind == SCAN_OBJECT && scan_next_member(v, &at, &m)) {
		if (span_equals(m.key, "\"cpu_user_us\""))
			read_number(m.value, &r->cpu_user_us);
		else if (span_equals(m.key, "\"cpu_system_us\""))
			read_number(m.value, &r->cpu_system_us);
		else if (span_equals(m.key, "\"max_rss_kib\""))
			read_number(m.value, &r->max_rss_kib);
	}
}

/* Returns false if m names the kind of line but its value has the wrong type. */
static bool read_kind(const struct scan_member *m, struct reply *r, bool *known)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!span_same(m->key, kinds[i].key))
			continue;
		r->kind = kinds[i].kind;
		*known = true;
		return r->kind == REPLY_READY ? read_number(m->value, &r->number) && r->number > 0
		                              : read_id(m->value, r->id);
	}
	return true;
}

static void read_detail(const struct scan_member *m, struct reply *r)
{
	if (span_equals(m->key, "\"result\""))
		r->result = m->value.text;
	else if (span_equals(m->key, "\"after_ms\""))
		read_number(m->value, &r->after_ms);
	else if (span_equals(m->key, "\"percent\""))
		read_number(m->value, &r->number);
	else if (span_equals(m->key, "\"in_turn\""))
		r->in_turn = m->value.kind == SCAN_TRUE;
	else if (span_equals(m->key, "\"usage\""))
		read_usage(m->value, r);
	else if (m->value.kind == SCAN_STRING && r->text.len == 0 &&
	         (span_equals(m->key, "\"error\"") || span_equals(m->key, "\"note\"")))
		scan_unescape(m->value.text, &r->text);
}

bool protocol_read(struct span line, struct reply *r, const char **why)
{
	struct scan_value value;
	struct scan_error scan;
	struct scan_member m;
	size_t at = 0;
	bool known = false;
	*r = (struct reply){.number = -1,
	                    .after_ms = -1,
	                    .cpu_user_us = -1,
	                    .cpu_system_us = -1,
	                    .max_rss_kib = -1};
	if (!scan_text(line, &value, &scan)) {
		*why = scan.reason;
		return false;
	}
	*why = "it is none of ready, ok, retry, snooze, dead, progress";
	while (value.kind == SCAN_OBJECT && scan_next_member(value, &at, &m)) {
		if (!known && !read_kind(&m, r, &known)) {
			*why = "ready wants a number above 0, the others a job's id";
			return false;
		}
		read_detail(&m, r);
	}
	return known;
}

void protocol_reply_finish(struct reply *r)
{
	buf_finish(&r->text);
}

/* ---- writing ---- */

static void replace(char *data, size_t len, char what)
{
	for (char *at = len ? memchr(data, what, len) : NULL; at;
	     at = memchr(at, what, len - (size_t)(at - data)))
		*at = ' ';
}

/* Appends the document in one line. A valid one has line ends between its tokens only, which become
 * blanks. */
static void append_document(struct buf *out, struct span document)
{
	size_t from = out->len;
	if (!buf_append(out, document.at, document.len))
		return;
	replace(out->data + from, document.len, '\n');
	replace(out->data + from, document.len, '\r');
}

static void append_unsigned(struct buf *out, unsigned n)
{
	char digits[10], *at = digits + sizeof digits;
	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	buf_append(out, at, (size_t)(digits + sizeof digits - at));
}

/* Appends piece by piece, because printf took a fourth of the time that a short job took in the
 * worker. */
void protocol_write_request(struct buf *out, const struct run_request *q)
{
	char deadline[CLOCK_TEXT_SIZE];
	buf_append_text(out, "{\"id\":\"");
	buf_append_text(out, q->job->id);
	buf_append_text(out, "\",\"type\":\"");
	buf_append_text(out, q->job->type);
	buf_append_text(out, "\",\"attempt\":");
	append_unsigned(out, q->attempt);
	buf_append_text(out, ",\"max_attempts\":");
	append_unsigned(out, q->max_attempts);
	buf_append_text(out, ",\"deadline\":\"");
	buf_append_text(out, clock_format(q->deadline_at_ms, deadline));
	buf_append_text(out, "\",\"queue\":\"");
	buf_append_text(out, q->queue);
	if (q->raw) {
		buf_append_text(out, "\",\"body_b64\":\"");
		base64_encode(out, q->document);
		buf_append_text(out, "\"}\n");
		return;
	}
	buf_append_text(out, "\",\"job\":");
	append_document(out, q->document);
	buf_append_text(out, "}\n");
}

void protocol_write_cancel(struct buf *out, const char *id, const char *why)
{
	buf_printf(out, "{\"cancel\":\"%s\",\"why\":\"%s\"}\n", id, why);
}

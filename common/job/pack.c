/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/pack.h"

#include <stdio.h>
#include <string.h>

#include "common/job/headers.h"
#include "common/base/memory.h"
#include "common/job/scan.h"

bool pack_is(const struct message *m)
{
	return m->content_type && strcmp(m->content_type, PACK_CONTENT_TYPE) == 0;
}

void pack_add(struct buf *body, struct span document)
{
	buf_append(body, body->len ? "," : "[", 1);
	buf_append(body, document.at, document.len);
}

void pack_close(struct buf *body)
{
	buf_append_text(body, "]");
}

size_t pack_size_with(const struct buf *body, size_t document_len)
{
	return body->len + 1 + document_len + 1;
}

static bool refuse(struct codec_error *err, size_t offset, const char *reason)
{
	err->offset = offset;
	snprintf(err->reason, sizeof err->reason, "%s", reason);
	return false;
}

bool pack_split(struct span body, size_t max, struct span documents[static PACK_JOBS_MAX],
                size_t *count, struct codec_error *err)
{
	struct scan_error scan = {0};
	struct span document;
	enum scan_step step;
	size_t at = 0, found = 0;
	if (body.len > max) {
		err->offset = max;
		snprintf(err->reason, sizeof err->reason,
		         "a pack of %zu bytes is over the limit of %zu", body.len, max);
		return false;
	}
	while ((step = scan_next_element(body, &at, &document, &scan)) == SCAN_ELEMENT) {
		if (found == PACK_JOBS_MAX)
			return refuse(err, (size_t)(document.at - body.at),
			              "more than 1000 jobs in a pack");
		documents[found++] = document;
	}
	if (step == SCAN_BROKEN)
		return refuse(err, scan.offset, scan.reason);
	if (found == 0)
		return refuse(err, 0, "a pack without a job");
	*count = found;
	return true;
}

struct message *pack_member(const struct message *pack, struct span document)
{
	struct message *m = message_create();
	m->content_type = xstrdup(HEADERS_CONTENT_TYPE);
	m->app_id = xstrdup(pack->app_id);
	m->timestamp_s = pack->timestamp_s;
	table_copy(&m->headers, &pack->headers);
	headers_remove_signature(&m->headers);
	message_set_body(m, document.at, document.len);
	return m;
}

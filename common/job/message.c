/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/message.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

struct message *message_create(void)
{
	struct message *m = xcalloc(1, sizeof *m);
	m->timestamp_s = -1;
	return m;
}

void message_destroy(struct message *m)
{
	if (!m)
		return;
	free(m->content_type);
	free(m->message_id);
	free(m->type);
	free(m->app_id);
	free(m->reply_to);
	free(m->correlation_id);
	table_finish(&m->headers);
	free(m->body);
	free(m);
}

struct span message_body(const struct message *m)
{
	return (struct span){m->body ? m->body : "", m->body_len};
}

void message_set_body(struct message *m, const void *body, size_t len)
{
	char *copy = xmemdup(body, len);
	free(m->body);
	m->body = copy;
	m->body_len = len;
}

struct message *message_copy(const struct message *m)
{
	struct message *copy = message_create();
	copy->content_type = xstrdup(m->content_type);
	copy->message_id = xstrdup(m->message_id);
	copy->type = xstrdup(m->type);
	copy->app_id = xstrdup(m->app_id);
	copy->reply_to = xstrdup(m->reply_to);
	copy->correlation_id = xstrdup(m->correlation_id);
	copy->timestamp_s = m->timestamp_s;
	table_copy(&copy->headers, &m->headers);
	message_set_body(copy, m->body, m->body_len);
	return copy;
}

static size_t short_size(const char *text)
{
	return text ? 1 + strlen(text) : 0;
}

size_t message_header_size(const struct message *m)
{
	/* class, weight, body size, property flags; delivery_mode; timestamp */
	size_t fixed = 2 + 2 + 8 + 2 + 1 + (m->timestamp_s >= 0 ? 8 : 0);
	return fixed + short_size(m->content_type) + short_size(m->message_id) +
	       short_size(m->type) + short_size(m->app_id) + short_size(m->reply_to) +
	       short_size(m->correlation_id) + table_wire_size(&m->headers);
}

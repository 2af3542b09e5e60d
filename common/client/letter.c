/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/letter.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/job/codec.h"
#include "common/base/memory.h"

static const char *box_text(const struct letter *l, const char *key)
{
	return json_string_value(json_object_get(l->box, key));
}

/* Returns the newest of the broker's own notes. x-death is an array of tables, the latest first. */
static const struct table *first_death(const struct message *m)
{
	const struct field *deaths = table_get(&m->headers, "x-death");
	if (!deaths || deaths->kind != 'A' || deaths->table->count == 0 ||
	    deaths->table->entries[0].value.kind != 'F')
		return NULL;
	return deaths->table->entries[0].value.table;
}

static void read_broker_notes(struct letter *l)
{
	const struct table *death = first_death(l->message);
	const char *reason = death ? table_get_text(death, "reason") : NULL;
	int64_t seconds;
	if (reason)
		l->reason = xstrdup(reason);
	if (death && table_get_int(death, "time", &seconds))
		l->died_at_ms = seconds * 1000;
}

static char *user_queue(const char *routing_key, const char *prefix)
{
	cleanup_free char *start = xprintf("%s.q.", prefix);
	if (strncmp(routing_key, start, strlen(start)) == 0)
		return xstrdup(routing_key + strlen(start));
	return xstrdup(*routing_key ? routing_key : "?");
}

static void read_names(struct letter *l)
{
	struct job j;
	struct codec_error err;
	const struct message *m = l->message;
	bool decoded = codec_decode((struct span){m->body, m->body_len}, CODEC_BODY_MAX_DEFAULT,
	                            CODEC_FIELDS_LENIENT, &j, &err);
	const char *id = decoded && j.id ? j.id : m->message_id;
	const char *type = decoded ? j.type : m->type;
	l->id = xstrdup(id && job_id_valid(span_of(id)) ? id : "?");
	l->type = xstrdup(type && job_type_valid(span_of(type)) ? type : "?");
	l->sealed_to = decoded ? xstrdup(j.sealed_to) : NULL;
	if (decoded)
		job_finish(&j);
}

void letter_read(struct letter *l, const struct message *m, const char *routing_key,
                 const char *prefix)
{
	char time[CLOCK_TEXT_SIZE];
	*l = (struct letter){
	    .message = m, .died_at_ms = CLOCK_NEVER, .queue = user_queue(routing_key, prefix)};
	headers_read(m, &l->book);
	read_names(l);
	const char *kid = headers_signature(m).kid;
	l->signed_by = kid && key_id_valid(span_of(kid)) ? kid : NULL;
	l->box = l->book.box ? json_loads(l->book.box, JSON_ALLOW_NUL, NULL) : NULL;
	if (box_text(l, "reason"))
		l->reason = xstrdup(box_text(l, "reason"));
	else
		read_broker_notes(l);
	if (box_text(l, "at"))
		clock_parse(span_of(box_text(l, "at")), &l->died_at_ms);
	if (!l->reason)
		l->reason = xstrdup("unroutable");
	l->died = xstrdup(l->died_at_ms == CLOCK_NEVER ? "?" : clock_format(l->died_at_ms, time));
}

void letter_finish(struct letter *l)
{
	bookkeeping_finish(&l->book);
	json_decref(l->box);
	free(l->id);
	free(l->type);
	free(l->queue);
	free(l->died);
	free(l->sealed_to);
	free(l->reason);
}

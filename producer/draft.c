/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/draft.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/job/codec.h"
#include "common/settings/input.h"
#include "producer/session/job_options.h"

static int make_id(const struct options *o, int64_t now_ms, char out[static JOB_ID_MAX + 1],
                   struct error *err)
{
	const char *id = options_get(o, "id");
	if (!id) {
		job_make_uuid7(now_ms, out);
		return 0;
	}
	if (!job_id_valid(span_of(id)))
		return error_set(err, ERROR_USAGE, "--id must be 1 to %d bytes of A-Za-z0-9._:-",
		                 JOB_ID_MAX);
	snprintf(out, JOB_ID_MAX + 1, "%s", id);
	return 0;
}

static int make_document(const struct session *s, struct draft *d, struct error *err)
{
	struct codec_error codec;
	struct job checked;
	if (!codec_encode(&d->job, &d->document))
		abort();
	if (protect_document(d->protect, d->queue, &d->job, &d->document, err) < 0)
		return -1;
	if (!codec_decode((struct span){d->document.data, d->document.len},
	                  (size_t)s->settings.connection.max_body, CODEC_FIELDS_STRICT, &checked,
	                  &codec))
		return error_set(err, ERROR_DATA, "the job is not valid: %s", codec.reason);
	job_finish(&checked);
	return 0;
}

int draft_make(struct draft *d, const struct session *s, struct error *err)
{
	const struct options *o = &s->options;
	int64_t now_ms = clock_now_ms();
	char id[JOB_ID_MAX + 1];
	if (o->argument_count < 1 || o->argument_count > 2)
		return error_set(err, ERROR_USAGE,
		                 "send wants a TYPE and at most one JSON value, @FILE or -");
	const char *type = o->arguments[0];
	if (!job_type_valid(span_of(type)))
		return error_set(err, ERROR_USAGE,
		                 "type '%.100s' must be 1 to %d bytes of A-Za-z0-9._-", type,
		                 JOB_TYPE_MAX);
	if (make_id(o, now_ms, id, err) < 0)
		return -1;

	struct job template;
	struct buf text = {0};
	struct span args = {0};
	int rc = job_options_read(o, now_ms, &template, err);
	if (rc == 0)
		rc = input_json(o->argument_count == 2 ? o->arguments[1] : "null",
		                (size_t)s->settings.connection.max_body, &text, &args, err);
	if (rc == 0) {
		job_options_apply(&template, id, type, args, now_ms, &d->job);
		d->queue = job_options_queue(&s->settings, options_get(o, "queue"), type);
		rc = queue_name_valid(span_of(d->queue))
		         ? make_document(s, d, err)
		         : error_set(err, ERROR_USAGE,
		                     "queue name '%.100s' must be " QUEUE_NAME_FORM, d->queue);
	}
	job_finish(&template);
	buf_finish(&text);
	return rc;
}

void draft_finish(struct draft *d)
{
	job_finish(&d->job);
	buf_finish(&d->document);
}

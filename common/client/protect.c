/* SPDX-License-Identifier: Apache-2.0 */
#include "common/client/protect.h"

#include <stdlib.h>
#include <string.h>

#include "common/job/codec.h"
#include "common/job/headers.h"
#include "common/settings/key_files.h"
#include "common/base/memory.h"
#include "common/job/seal.h"
#include "common/job/sign.h"
#include "common/job/topology.h"

/* The keys of one queue; each ring holds one key or none. */
struct guarded {
	char *queue;
	struct keyring signer, recipient;
};

struct protect {
	const struct producer_settings *settings;
	const char *sign_with, *seal_to; /* of the command line */
	struct guarded *queues;          /* those that were asked for */
	size_t count;
};

struct protect *protect_create(const struct producer_settings *s, const struct options *o)
{
	struct protect *p = xcalloc(1, sizeof *p);
	*p = (struct protect){.settings = s,
	                      .sign_with = options_get(o, "sign-with"),
	                      .seal_to = options_get(o, "seal-to")};
	return p;
}

void protect_destroy(struct protect *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->count; i++) {
		free(p->queues[i].queue);
		keyring_finish(&p->queues[i].signer);
		keyring_finish(&p->queues[i].recipient);
	}
	free(p->queues);
	free(p);
}

static const struct producer_queue_settings *settings_of(const struct protect *p, const char *queue)
{
	static const struct producer_queue_settings none;
	for (size_t i = 0; i < p->settings->queue_count; i++)
		if (strcmp(p->settings->queues[i].queue.name, queue) == 0)
			return &p->settings->queues[i];
	return &none;
}

static int load(const struct protect *p, struct guarded *g, struct error *err)
{
	const struct producer_queue_settings *q = settings_of(p, g->queue);
	const char *sign_with = p->sign_with ? p->sign_with : q->sign_with,
	           *seal_to = p->seal_to ? p->seal_to : q->seal_to;
	if (sign_with && key_file_read_one(sign_with, KEY_SIGN_SECRET, &g->signer, err) < 0)
		return error_wrap(err, "queue '%s': sign_with", g->queue);
	if (seal_to && key_file_read_one(seal_to, KEY_SEAL_PUBLIC, &g->recipient, err) < 0)
		return error_wrap(err, "queue '%s': seal_to", g->queue);
	return 0;
}

/* NULL: a key file is wrong. It is not remembered then, and nothing was sent. */
static const struct guarded *find(struct protect *p, const char *queue, struct error *err)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->queues[i].queue, queue) == 0)
			return &p->queues[i];
	struct guarded g = {.queue = xstrdup(queue)};
	if (load(p, &g, err) < 0) {
		keyring_finish(&g.signer);
		keyring_finish(&g.recipient);
		free(g.queue);
		return NULL;
	}
	p->queues = xrealloc(p->queues, p->count + 1, sizeof *p->queues);
	p->queues[p->count] = g;
	return &p->queues[p->count++];
}

/* {"kid":...,"data":...} */
static void put_sealed(const struct key *to, const struct seal_place *place, struct span args,
                       struct buf *out)
{
	buf_printf(out, "{\"kid\":\"%s\",\"data\":\"", to->kid);
	seal_args(to, place, args, out);
	buf_append_text(out, "\"}");
}

int protect_document(struct protect *p, const char *queue, const struct job *j,
                     struct buf *document, struct error *err)
{
	char name[TOPOLOGY_NAME_MAX];
	const struct guarded *g = find(p, queue, err);
	if (!g)
		return -1;
	if (g->recipient.count == 0 || j->sealed)
		return 0;
	const struct seal_place place = {
	    topology_queue(p->settings->connection.prefix, queue, name), j->id, j->type};
	struct buf sealed = {0}, whole = {0};
	put_sealed(&g->recipient.keys[0], &place, (struct span){j->args, j->args_len}, &sealed);
	if (!codec_replace_args((struct span){document->data, document->len}, "\"sealed\"",
	                        (struct span){sealed.data, sealed.len}, &whole))
		abort(); /* memory: it was a document */
	buf_finish(&sealed);
	buf_wipe(document);
	*document = whole;
	return 0;
}

int protect_signs(struct protect *p, const char *queue, struct error *err)
{
	const struct guarded *g = find(p, queue, err);
	return g ? g->signer.count > 0 : -1;
}

int protect_message(struct protect *p, const char *queue, struct message *m, struct error *err)
{
	char name[TOPOLOGY_NAME_MAX], text[SIGN_TEXT_SIZE];
	const struct guarded *g = find(p, queue, err);
	if (!g)
		return -1;
	if (g->signer.count == 0)
		return 0;
	const struct key *k = &g->signer.keys[0];
	sign_job(k, topology_queue(p->settings->connection.prefix, queue, name),
	         (struct span){m->body, m->body_len}, text);
	headers_set_signature(&m->headers, k->kid, text);
	return 0;
}

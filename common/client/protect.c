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

/* The key files of one queue, and the keys once they were read; each ring holds one key or none. */
struct guarded {
	char *queue;
	const char *sign_with, *seal_to; /* borrowed */
	bool loaded;
	struct keyring signer, recipient;
};

struct protect {
	const char *prefix, *sign_with, *seal_to; /* borrowed */
	struct guarded *queues;
	size_t count;
};

struct protect *protect_create(const char *prefix, const char *sign_with, const char *seal_to)
{
	struct protect *p = xcalloc(1, sizeof *p);
	*p = (struct protect){.prefix = prefix, .sign_with = sign_with, .seal_to = seal_to};
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

static struct guarded *find(struct protect *p, const char *queue)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->queues[i].queue, queue) == 0)
			return &p->queues[i];
	p->queues = xrealloc(p->queues, p->count + 1, sizeof *p->queues);
	p->queues[p->count] = (struct guarded){
	    .queue = xstrdup(queue), .sign_with = p->sign_with, .seal_to = p->seal_to};
	return &p->queues[p->count++];
}

void protect_use(struct protect *p, const char *queue, const char *sign_with, const char *seal_to)
{
	struct guarded *g = find(p, queue);
	g->sign_with = sign_with;
	g->seal_to = seal_to;
}

static int load(struct guarded *g, struct error *err)
{
	if (g->sign_with && key_file_read_one(g->sign_with, KEY_SIGN_SECRET, &g->signer, err) < 0)
		return error_wrap(err, "queue '%s': sign_with", g->queue);
	if (g->seal_to && key_file_read_one(g->seal_to, KEY_SEAL_PUBLIC, &g->recipient, err) < 0)
		return error_wrap(err, "queue '%s': seal_to", g->queue);
	g->loaded = true;
	return 0;
}

/* Returns NULL if a key file is wrong. Nothing of it is remembered then. */
static const struct guarded *keys_of(struct protect *p, const char *queue, struct error *err)
{
	struct guarded *g = find(p, queue);
	if (g->loaded || load(g, err) == 0)
		return g;
	keyring_finish(&g->signer);
	keyring_finish(&g->recipient);
	g->signer = g->recipient = (struct keyring){0};
	return NULL;
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
	const struct guarded *g = keys_of(p, queue, err);
	if (!g)
		return -1;
	if (g->recipient.count == 0 || j->sealed)
		return 0;
	const struct seal_place place = {topology_queue(p->prefix, queue, name), j->id, j->type};
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
	const struct guarded *g = keys_of(p, queue, err);
	return g ? g->signer.count > 0 : -1;
}

int protect_message(struct protect *p, const char *queue, struct message *m, struct error *err)
{
	char name[TOPOLOGY_NAME_MAX], text[SIGN_TEXT_SIZE];
	const struct guarded *g = keys_of(p, queue, err);
	if (!g)
		return -1;
	if (g->signer.count == 0)
		return 0;
	const struct key *k = &g->signer.keys[0];
	sign_job(k, topology_queue(p->prefix, queue, name), (struct span){m->body, m->body_len},
	         text);
	headers_set_signature(&m->headers, k->kid, text);
	return 0;
}

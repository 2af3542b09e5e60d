/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/corpus.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct buf read_whole(const char *path)
{
	struct buf b = {0};
	char chunk[4096];
	FILE *f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s cannot be read", path);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		buf_append(&b, chunk, n);
	buf_append(&b, "", 0);
	fclose(f);
	return b;
}

static int is_document(const struct dirent *d)
{
	size_t len = strlen(d->d_name);
	return len > 5 && strcmp(d->d_name + len - 5, ".json") == 0;
}

struct corpus corpus_read(const char *folder, const char *suffix_beside)
{
	char path[1024];
	struct dirent **names;
	snprintf(path, sizeof path, "%s/%s", CORPUS, folder);
	int count = scandir(path, &names, is_document, alphasort);
	ck_assert_msg(count > 0, "no documents in %s", path);
	struct corpus c = {calloc((size_t)count, sizeof *c.cases), (size_t)count};
	for (size_t i = 0; i < c.count; i++) {
		struct corpus_case *k = &c.cases[i];
		size_t stem = strlen(names[i]->d_name) - 5;
		ck_assert_uint_lt(stem, sizeof k->name);
		memcpy(k->name, names[i]->d_name, stem);
		snprintf(path, sizeof path, "%s/%s/%s.json", CORPUS, folder, k->name);
		k->body = read_whole(path);
		snprintf(path, sizeof path, "%s/%s/%s.%s", CORPUS, folder, k->name, suffix_beside);
		k->beside = read_whole(path);
		free(names[i]);
	}
	free(names);
	return c;
}

void corpus_finish(struct corpus *c)
{
	for (size_t i = 0; i < c->count; i++) {
		buf_finish(&c->cases[i].body);
		buf_finish(&c->cases[i].beside);
	}
	free(c->cases);
}

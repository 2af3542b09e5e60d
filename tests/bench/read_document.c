/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read-document COUNT jansson | scan | codec
 *
 * Reads a job document COUNT times: into jansson's tree, by our scanner alone (is it valid?), or
 * into a struct job.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/job/codec.h"
#include "common/job/scan.h"
#include "tests/bench/raw.h"

static bool by_jansson(struct span document)
{
	json_t *tree = json_loadb(document.at, document.len, 0, NULL);
	json_decref(tree);
	return tree != NULL;
}

static bool by_scan(struct span document)
{
	struct scan_value value;
	struct scan_error err;
	return scan_text(document, &value, &err);
}

static bool by_codec(struct span document)
{
	struct job j;
	struct codec_error err;
	if (!codec_decode(document, CODEC_BODY_MAX_DEFAULT, CODEC_FIELDS_STRICT, &j, &err))
		return false;
	job_finish(&j);
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct span document);
} ways[] = {{"jansson", by_jansson}, {"scan", by_scan}, {"codec", by_codec}};

int main(int argc, char **argv)
{
	char text[1024];
	int len = raw_job(text, sizeof text, 7, raw_now_ns(), NULL);
	if (argc != 3)
		raw_die("usage: read-document COUNT jansson | scan | codec");
	long count = raw_number(argv[1]);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		if (strcmp(ways[i].name, argv[2]) != 0)
			continue;
		while (count-- > 0)
			if (!ways[i].read((struct span){text, (size_t)len}))
				raw_die("the document is not taken");
		return 0;
	}
	raw_die("no such way: %s", argv[2]);
}

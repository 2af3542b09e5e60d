/* SPDX-License-Identifier: Apache-2.0 */
/* Text statistics as a plugin: --handler 'text.*=plugin:./text-stats.so', args {"path": "..."}. */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <warren/plugin.h>

struct stats {
	long lines, words, bytes;
};

static void count(FILE *file, struct stats *s)
{
	int c, before = ' ';
	for (; (c = getc(file)) != EOF; before = c) {
		s->bytes++;
		s->lines += c == '\n';
		s->words += isspace(before) && !isspace(c);
	}
}

static enum warren_verdict run(void *state, const struct warren_job *job,
                               const struct warren_host *host)
{
	(void)state;
	json_t *args = json_loadb(job->args, job->args_len, 0, NULL);
	const char *path = json_string_value(json_object_get(args, "path"));
	FILE *file = path ? fopen(path, "rb") : NULL;
	int problem = path ? errno : EINVAL;
	json_decref(args);
	if (!file) {
		host->error(host, strerror(problem));
		return WARREN_DEAD;
	}
	struct stats s = {0, 0, 0};
	char result[128];
	count(file, &s);
	fclose(file);
	int len = snprintf(result, sizeof result, "{\"lines\":%ld,\"words\":%ld,\"bytes\":%ld}",
	                   s.lines, s.words, s.bytes);
	host->result(host, result, (size_t)len);
	return WARREN_OK;
}

const struct warren_plugin warren_plugin_v1 = {.size = sizeof warren_plugin_v1, .run = run};

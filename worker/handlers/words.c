/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/handlers/words.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

struct splitter {
	const char *at;
	struct buf word;
	char **words;
	size_t count;
};

static void end_word(struct splitter *s)
{
	s->words = xrealloc(s->words, s->count + 2, sizeof *s->words);
	s->words[s->count++] = buf_steal(&s->word, NULL);
	s->words[s->count] = NULL;
}

static const char *take_single(struct splitter *s)
{
	const char *end = strchr(s->at, '\'');
	if (!end)
		return "a single quote is not closed";
	buf_append(&s->word, s->at, (size_t)(end - s->at));
	s->at = end + 1;
	return NULL;
}

static const char *take_double(struct splitter *s)
{
	for (; *s->at != '"'; s->at++) {
		if (!*s->at)
			return "a double quote is not closed";
		bool escape = *s->at == '\\' && s->at[1] && strchr("$`\"\\\n", s->at[1]);
		if (escape)
			s->at++;
		if (!escape || *s->at != '\n')
			buf_append(&s->word, s->at, 1);
	}
	s->at++;
	return NULL;
}

static const char *take_word(struct splitter *s)
{
	const char *problem = NULL;
	while (!problem && *s->at && !strchr(" \t\n", *s->at)) {
		char c = *s->at++;
		if (c == '\'')
			problem = take_single(s);
		else if (c == '"')
			problem = take_double(s);
		else if (c == '\\' && !*s->at)
			problem = "a backslash stands at the end";
		else if (c == '\\' && *s->at == '\n')
			s->at++;
		else
			buf_append(&s->word, c == '\\' ? s->at++ : &c, 1);
	}
	if (!problem)
		end_word(s);
	return problem;
}

int words_split(const char *text, char ***words, size_t *count, struct error *err)
{
	struct splitter s = {.at = text};
	const char *problem = NULL;
	while (!problem) {
		s.at += strspn(s.at, " \t\n");
		if (strncmp(s.at, "\\\n", 2) == 0)
			s.at +=
			    2; /* a continued line; between words it is a blank like any other */
		else if (*s.at)
			problem = take_word(&s);
		else
			break;
	}
	if (!problem && s.count == 0)
		problem = "there is no command";
	if (problem) {
		buf_finish(&s.word);
		words_free(s.words);
		return error_set(err, ERROR_CONFIG, "command '%.200s': %s", text, problem);
	}
	*words = s.words;
	*count = s.count;
	return 0;
}

void words_free(char **words)
{
	for (char **w = words; w && *w; w++)
		free(*w);
	free(words);
}

static void join_word(struct buf *out, const char *word)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%_+=:,./-";
	if (*word && strspn(word, plain) == strlen(word)) {
		buf_append_text(out, word);
		return;
	}
	buf_append_text(out, "'");
	for (; *word; word++) {
		if (*word == '\'')
			buf_append_text(out, "'\\''");
		else
			buf_append(out, word, 1);
	}
	buf_append_text(out, "'");
}

void words_join(struct buf *out, char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_append_text(out, " ");
		join_word(out, words[i]);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Splits a handler's command line into words and back, and reads the map of exit codes. */
#include <stdlib.h>

#include "common/base/memory.h"
#include "worker/settings/worker_settings.h"
#include "tests/fuzz/fuzz.h"
#include "worker/handlers/words.h"

static void check_words(const char *text)
{
	struct error err = {0};
	char **words = NULL, **again = NULL;
	size_t count = 0, count_again = 0;
	if (words_split(text, &words, &count, &err) < 0) {
		fuzz_check(err.kind == ERROR_CONFIG && !words);
		return;
	}
	fuzz_check(count > 0 && !words[count]);
	struct buf joined = {0};
	words_join(&joined, words, count);
	fuzz_check(words_split(joined.data ? joined.data : "", &again, &count_again, &err) == 0);
	fuzz_check(count_again == count);
	for (size_t i = 0; i < count; i++)
		fuzz_check(strcmp(words[i], again[i]) == 0);
	buf_finish(&joined);
	words_free(words);
	words_free(again);
}

static void check_exits(const char *text)
{
	struct worker_settings s;
	struct error err = {0};
	settings_init(&worker_schema, &s);
	fuzz_check(worker_add_handler(&s, "a=exec:true", &err) == 0);
	char *spec = xprintf("exit=%s", text);
	if (worker_set_handler(&s, spec, &err) < 0)
		fuzz_check(err.kind == ERROR_USAGE);
	else
		for (size_t i = 0; i < s.handlers[0].exit_count; i++) {
			const struct exit_settings *e = &s.handlers[0].exits[i];
			fuzz_check(e->code >= 0 && e->code <= 255 && e->verdict && *e->verdict);
		}
	free(spec);
	settings_finish(&worker_schema, &s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text((struct span){(const char *)data, size});
	check_words(text);
	check_exits(text);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "producer/batch/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clean.h"
#include "common/base/clock.h"
#include "common/base/memory.h"

enum { BAR_EVERY_MS = 100, LINE_EVERY_MS = 10000, BAR_WIDTH = 20 };

static bool terminal(void)
{
	const char *term = getenv("TERM");
	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

int progress_init(struct progress *p, const char *mode, struct error *err)
{
	static const struct {
		const char *name;
		enum progress_mode mode;
	} modes[] = {{"none", PROGRESS_NONE},
	             {"bar", PROGRESS_BAR},
	             {"plain", PROGRESS_PLAIN},
	             {"json", PROGRESS_JSON}};
	*p = (struct progress){.started_ms = clock_monotonic_ms()};
	p->drawn_ms = p->started_ms;
	if (!mode || strcmp(mode, "auto") == 0) {
		p->mode = terminal() ? PROGRESS_BAR : PROGRESS_NONE;
		return 0;
	}
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (strcmp(mode, modes[i].name) == 0) {
			p->mode = modes[i].mode;
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE,
	                 "--progress must be auto, none, bar, plain or json, not '%.60s'", mode);
}

static double rate(const struct progress *p, const struct progress_state *s, int64_t now_ms)
{
	int64_t ms = now_ms - p->started_ms;
	return ms > 0 ? (double)s->confirmed * 1000 / (double)ms : 0;
}

static void print_eta(const struct progress *p, const struct progress_state *s, int64_t now_ms)
{
	char text[CLOCK_TEXT_SIZE];
	if (s->bytes_total == 0 || s->bytes == 0)
		return;
	double done = (double)s->bytes / (double)s->bytes_total;
	double left = (double)(now_ms - p->started_ms) * (1 - done) / done / 1000;
	fprintf(stderr, " ETA %s", clock_format_duration((int64_t)left * 1000, text));
}

static void print_bar(const struct progress_state *s)
{
	if (s->bytes_total == 0)
		return;
	int full = (int)(s->bytes * BAR_WIDTH / s->bytes_total);
	fputc('[', stderr);
	for (int i = 0; i < BAR_WIDTH; i++)
		fputc(i < full ? '#' : '.', stderr);
	fprintf(stderr, "] %3d %% ", (int)(s->bytes * 100 / s->bytes_total));
}

static void print_words(const struct progress *p, const struct progress_state *s, int64_t now_ms)
{
	fprintf(stderr, "%llu confirmed, %llu failed, %llu under way, %.0f/s",
	        (unsigned long long)s->confirmed, (unsigned long long)s->failed,
	        (unsigned long long)s->outstanding, rate(p, s, now_ms));
	if (s->blocked) {
		cleanup_free char *words = xprintf("; blocked by the broker (%.60s)", s->blocked);
		clean_print(stderr, words);
	} else if (!s->connected) {
		fputs("; no connection to the broker", stderr);
	} else {
		print_eta(p, s, now_ms);
	}
}

static void print_json(const struct progress *p, const struct progress_state *s, int64_t now_ms)
{
	fprintf(stderr,
	        "{\"lines\":%llu,\"confirmed\":%llu,\"failed\":%llu,\"outstanding\":%llu,\"rate\":%"
	        ".1f,\"blocked\":%s,"
	        "\"connected\":%s}\n",
	        (unsigned long long)s->lines, (unsigned long long)s->confirmed,
	        (unsigned long long)s->failed, (unsigned long long)s->outstanding,
	        rate(p, s, now_ms), s->blocked ? "true" : "false", s->connected ? "true" : "false");
}

void progress_update(struct progress *p, const struct progress_state *s)
{
	int64_t now_ms = clock_monotonic_ms();
	int64_t every_ms = p->mode == PROGRESS_PLAIN  ? LINE_EVERY_MS
	                   : p->mode == PROGRESS_JSON ? 1000
	                                              : BAR_EVERY_MS;
	if (p->mode == PROGRESS_NONE || now_ms - p->drawn_ms < every_ms)
		return;
	p->drawn_ms = now_ms;
	if (p->mode == PROGRESS_JSON) {
		print_json(p, s, now_ms);
		return;
	}
	if (p->mode == PROGRESS_BAR) {
		fputs("\r\033[K", stderr);
		print_bar(s);
		p->on_screen = true;
	}
	print_words(p, s, now_ms);
	if (p->mode == PROGRESS_PLAIN)
		fputc('\n', stderr);
	fflush(stderr);
}

void progress_clear(struct progress *p)
{
	if (p->on_screen)
		fputs("\r\033[K", stderr);
	p->on_screen = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "common/settings/settings_key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/memory.h"

/* ---- tables ---- */

struct settings_field settings_field(const struct settings_table *t, size_t i, const void *object)
{
	for (size_t p = 0; p < t->part_count; p++) {
		const struct settings_part *part = &t->parts[p];
		if (i < part->count)
			return (struct settings_field){&part->keys[i],
			                               (char *)object + part->offset};
		i -= part->count;
	}
	return (struct settings_field){0};
}

struct settings_field settings_find(const struct settings_table *t, const void *object,
                                    const char *name)
{
	struct settings_field f;
	for (size_t i = 0; (f = settings_field(t, i, object)).key; i++)
		if (strcmp(f.key->name, name) == 0)
			break;
	return f;
}

size_t settings_names(const struct settings_table *t, const char **names, size_t max)
{
	size_t count = 0;
	for (size_t p = 0; p < t->part_count; p++)
		for (size_t i = 0; i < t->parts[p].count && count < max; i++)
			names[count++] = t->parts[p].keys[i].name;
	return count;
}

/* ---- one value ---- */

static void *value_of(struct settings_field f)
{
	return (char *)f.object + f.key->offset;
}

static bool is_text(enum settings_kind kind)
{
	return kind == SETTINGS_TEXT || kind == SETTINGS_SECRET || kind == SETTINGS_CHOICE;
}

static bool is_number(enum settings_kind kind)
{
	return kind == SETTINGS_TIME || kind == SETTINGS_SIZE || kind == SETTINGS_NUMBER;
}

bool settings_parse_size(const char *text, int64_t *out)
{
	char *end;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (end == text || errno || n < 0)
		return false;
	int64_t unit = *end == 'K' ? 1 << 10 : *end == 'M' ? 1 << 20 : *end == 'G' ? 1 << 30 : 1;
	if (*end && (unit == 1 || end[1]))
		return false;
	return !__builtin_mul_overflow((int64_t)n, unit, out);
}

static bool parse_bool(const char *text, bool *out)
{
	*out = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "1") == 0;
	return *out || strcmp(text, "false") == 0 || strcmp(text, "no") == 0 ||
	       strcmp(text, "0") == 0;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);
	for (const char *at = choices; *at; at += strcspn(at, " "), at += *at == ' ')
		if (strcspn(at, " ") == len && strncmp(at, text, len) == 0)
			return true;
	return false;
}

static int out_of_range(const struct settings_key *k, const char *called, const char *text,
                        struct error *err)
{
	char min[CLOCK_TEXT_SIZE], max[CLOCK_TEXT_SIZE];
	snprintf(min, sizeof min, "%lld", (long long)k->min);
	snprintf(max, sizeof max, "%lld", (long long)k->max);
	if (k->kind == SETTINGS_TIME) {
		clock_format_duration(k->min, min);
		clock_format_duration(k->max, max);
	}
	return error_set(err, ERROR_CONFIG, "%s must be from %s to %s, not '%.100s'", called, min,
	                 max, text);
}

static int read_number(struct settings_field f, const char *called, const char *text,
                       struct error *err)
{
	const struct settings_key *k = f.key;
	static const char *const wants[] = {[SETTINGS_TIME] = "a time such as 500ms, 30s, 5m, 2h",
	                                    [SETTINGS_SIZE] = "a size such as 65536, 64K, 1M, 2G",
	                                    [SETTINGS_NUMBER] = "a number",
	                                    [SETTINGS_SHORT] = "a number"};
	int64_t n = 0;
	bool plain = k->kind == SETTINGS_NUMBER || k->kind == SETTINGS_SHORT;
	bool ok = k->kind == SETTINGS_TIME ? clock_parse_duration(text, &n)
	                                   : settings_parse_size(text, &n);
	if (!ok || (plain && strspn(text, "0123456789") != strlen(text)))
		return error_set(err, ERROR_CONFIG, "%s wants %s, not '%.100s'", called,
		                 wants[k->kind], text);
	if (n < k->min || n > k->max)
		return out_of_range(k, called, text, err);
	if (k->kind == SETTINGS_SHORT)
		*(unsigned *)value_of(f) = (unsigned)n;
	else
		*(int64_t *)value_of(f) = n;
	return 0;
}

static int read_text(struct settings_field f, const char *called, const char *text,
                     struct error *err)
{
	const struct settings_key *k = f.key;
	if (k->kind == SETTINGS_CHOICE && !is_choice(k->choices, text))
		return error_set(err, ERROR_CONFIG, "%s must be one of: %s; not '%.100s'", called,
		                 k->choices, text);
	if (k->valid && !k->valid(text))
		return error_set(err, ERROR_CONFIG, "%s must be %s, not '%.100s'", called, k->form,
		                 text);
	char **value = value_of(f);
	free(*value);
	*value = *text ? xstrdup(text) : NULL;
	return 0;
}

int settings_read(struct settings_field f, const char *called, const char *text, struct error *err)
{
	const struct settings_key *k = f.key;
	switch (k->kind) {
	case SETTINGS_TIME:
	case SETTINGS_SIZE:
	case SETTINGS_NUMBER:
	case SETTINGS_SHORT:
		return read_number(f, called, text, err);
	case SETTINGS_BOOL:
		if (parse_bool(text, value_of(f)))
			return 0;
		return error_set(err, ERROR_CONFIG, "%s wants true or false, not '%.100s'", called,
		                 text);
	case SETTINGS_OWN:
		if (k->read(f.object, text))
			return 0;
		return error_set(err, ERROR_CONFIG, "%s wants %s, not '%.100s'", called, k->form,
		                 text);
	case SETTINGS_TEXT:
	case SETTINGS_SECRET:
	case SETTINGS_CHOICE:
		break;
	}
	return read_text(f, called, text, err);
}

void settings_standard(const struct settings_table *t, void *object)
{
	struct settings_field f;
	for (size_t i = 0; (f = settings_field(t, i, object)).key; i++) {
		if (f.key->standard)
			settings_read(f, f.key->name, f.key->standard, NULL);
		else if (is_number(f.key->kind))
			*(int64_t *)value_of(f) = SETTINGS_UNSET;
	}
}

void settings_print_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

void settings_print(struct settings_field f, FILE *out)
{
	const void *value = value_of(f);
	char text[CLOCK_TEXT_SIZE];
	switch (f.key->kind) {
	case SETTINGS_TIME:
		fprintf(out, "\"%s\"", clock_format_duration(*(const int64_t *)value, text));
		break;
	case SETTINGS_SIZE:
	case SETTINGS_NUMBER:
		fprintf(out, "%lld", (long long)*(const int64_t *)value);
		break;
	case SETTINGS_SHORT:
		fprintf(out, "%u", *(const unsigned *)value);
		break;
	case SETTINGS_BOOL:
		fputs(*(const bool *)value ? "true" : "false", out);
		break;
	case SETTINGS_SECRET:
		settings_print_text(*(char *const *)value ? "(set)" : "", out);
		break;
	case SETTINGS_TEXT:
	case SETTINGS_CHOICE:
		settings_print_text(*(char *const *)value ? *(char *const *)value : "", out);
		break;
	case SETTINGS_OWN:
		f.key->show(f.object, out);
		break;
	}
}

bool settings_unset(struct settings_field f)
{
	if (is_number(f.key->kind))
		return *(const int64_t *)value_of(f) == SETTINGS_UNSET;
	return is_text(f.key->kind) && !*(char *const *)value_of(f);
}

void settings_clear(const struct settings_table *t, void *object)
{
	struct settings_field f;
	for (size_t i = 0; (f = settings_field(t, i, object)).key; i++) {
		char **text = is_text(f.key->kind) ? value_of(f) : NULL;
		if (text && *text && f.key->kind == SETTINGS_SECRET)
			explicit_bzero(*text, strlen(*text));
		if (text)
			free(steal_ptr(*text));
		if (f.key->clear)
			f.key->clear(f.object);
	}
}

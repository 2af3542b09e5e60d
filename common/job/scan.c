/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/scan.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/job/job.h"
#include "common/base/utf8.h"

/*
 * Scans the text in one pass, and `at` is the place. The first failure sets the error, and every
 * later step returns false. The objects and arrays that are open are a stack of bits, at most
 * JOB_DEPTH_MAX = 64 deep.
 */
struct scanner {
	const char *text;
	size_t len, at;
	uint64_t objects; /* bit d is set if level d is an object */
	int depth;
	struct scan_error *err;
};

static bool fail(struct scanner *s, const char *reason)
{
	s->err->offset = s->at;
	s->err->reason = reason;
	return false;
}

static bool end(const struct scanner *s)
{
	return s->at >= s->len;
}

static void skip_blanks(struct scanner *s)
{
	while (!end(s)) {
		char c = s->text[s->at];
		if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
			return;
		s->at++;
	}
}

static bool is_digit(const struct scanner *s)
{
	return !end(s) && s->text[s->at] >= '0' && s->text[s->at] <= '9';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool hex4(const char *p, size_t len, uint32_t *code)
{
	if (len < 4)
		return false;
	*code = 0;
	for (int i = 0; i < 4; i++) {
		int v = hex_value(p[i]);
		if (v < 0)
			return false;
		*code = *code << 4 | (uint32_t)v;
	}
	return true;
}

/* at stands on the 'u'. */
static bool scan_unicode_escape(struct scanner *s)
{
	uint32_t code, low;
	if (!hex4(s->text + s->at + 1, s->len - s->at - 1, &code))
		return fail(s, "\\u wants four hexadecimal digits");
	if (code >= 0xdc00 && code <= 0xdfff)
		return fail(s, "lone low surrogate in an escape");
	if (code >= 0xd800 && code <= 0xdbff) {
		const char *p = s->text + s->at + 5;
		bool pair = s->len - s->at >= 11 && p[0] == '\\' && p[1] == 'u' &&
		            hex4(p + 2, 4, &low) && low >= 0xdc00 && low <= 0xdfff;
		if (!pair)
			return fail(s, "lone high surrogate in an escape");
		s->at += 6;
	}
	s->at += 5;
	return true;
}

static bool scan_escape(struct scanner *s)
{
	s->at++;
	if (end(s))
		return fail(s, "the text ends inside a string");
	switch (s->text[s->at]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		s->at++;
		return true;
	case 'u':
		return scan_unicode_escape(s);
	default:
		return fail(s, "unknown escape");
	}
}

/*
 * Returns true if all eight bytes of a word stand for themselves. Each test sets the high bit of a
 * byte that does not. It may also set the bit of a byte beside such a byte, but never when there is
 * none. See "Determine if a word has a byte less than n" and the like in Bit Twiddling Hacks.
 */
static bool all_plain(const char *at)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	uint64_t word;
	memcpy(&word, at, sizeof word);
	uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
	uint64_t odd = (word - ones * 0x20) | (quote - ones) | (backslash - ones) | word;
	return (odd & high) == 0;
}

/* Skips the bytes that stand for themselves. Most of the time is spent here. */
static void skip_plain(struct scanner *s)
{
	size_t at = s->at;
	while (s->len - at >= sizeof(uint64_t) && all_plain(s->text + at))
		at += sizeof(uint64_t);
	for (; at < s->len; at++) {
		unsigned char c = (unsigned char)s->text[at];
		if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
			break;
	}
	s->at = at;
}

/* at stands on the opening quote. */
static bool scan_string(struct scanner *s)
{
	s->at++;
	for (;;) {
		skip_plain(s);
		if (end(s))
			return fail(s, "the text ends inside a string");
		unsigned char c = (unsigned char)s->text[s->at];
		if (c == '"') {
			s->at++;
			return true;
		}
		if (c == '\\') {
			if (!scan_escape(s))
				return false;
		} else if (c < 0x20) {
			return fail(s, "raw control byte in a string");
		} else {
			size_t n = utf8_sequence(s->text + s->at, s->len - s->at);
			if (n == 0)
				return fail(s, "invalid UTF-8");
			s->at += n;
		}
	}
}

static bool scan_digits(struct scanner *s)
{
	if (!is_digit(s))
		return fail(s, "expected a digit");
	while (is_digit(s))
		s->at++;
	return true;
}

static bool scan_number(struct scanner *s)
{
	if (s->text[s->at] == '-')
		s->at++;
	if (!is_digit(s))
		return fail(s, "expected a digit");
	if (s->text[s->at] == '0') {
		s->at++;
		if (is_digit(s))
			return fail(s, "a number must not begin with a zero");
	} else if (!scan_digits(s)) {
		return false;
	}
	if (!end(s) && s->text[s->at] == '.') {
		s->at++;
		if (!scan_digits(s))
			return false;
	}
	if (!end(s) && (s->text[s->at] == 'e' || s->text[s->at] == 'E')) {
		s->at++;
		if (!end(s) && (s->text[s->at] == '+' || s->text[s->at] == '-'))
			s->at++;
		return scan_digits(s);
	}
	return true;
}

static bool scan_word(struct scanner *s, const char *word)
{
	size_t len = strlen(word);
	if (s->len - s->at < len || memcmp(s->text + s->at, word, len) != 0)
		return fail(s, "expected a value");
	s->at += len;
	return true;
}

static bool in_object(const struct scanner *s)
{
	return s->objects >> (s->depth - 1) & 1;
}

static bool open_level(struct scanner *s, bool object)
{
	if (s->depth == JOB_DEPTH_MAX)
		return fail(s, "nested too deeply");
	s->objects &= ~(UINT64_C(1) << s->depth);
	s->objects |= (uint64_t)object << s->depth;
	s->depth++;
	s->at++;
	return true;
}

static bool scan_key(struct scanner *s)
{
	skip_blanks(s);
	if (end(s) || s->text[s->at] != '"')
		return fail(s, "expected a key in double quotes");
	if (!scan_string(s))
		return false;
	skip_blanks(s);
	if (end(s) || s->text[s->at] != ':')
		return fail(s, "expected ':' after the key");
	s->at++;
	return true;
}

/* Scans a scalar or the opening of a level. For an opening, sets opened. */
static bool scan_begin(struct scanner *s, bool *opened)
{
	*opened = false;
	skip_blanks(s);
	if (end(s))
		return fail(s, "the text ends where a value is expected");
	switch (s->text[s->at]) {
	case '{':
	case '[':
		*opened = true;
		return open_level(s, s->text[s->at] == '{');
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		if (s->text[s->at] == '-' || is_digit(s))
			return scan_number(s);
		return fail(s, "expected a value");
	}
}

/*
 * Scans what comes right after an opening: the end of an empty level, or the first key of an
 * object.
 */
static bool scan_first(struct scanner *s, bool *closed)
{
	char closing = in_object(s) ? '}' : ']';
	skip_blanks(s);
	*closed = !end(s) && s->text[s->at] == closing;
	if (*closed) {
		s->at++;
		s->depth--;
		return true;
	}
	return in_object(s) ? scan_key(s) : true;
}

/*
 * Scans what comes after a value inside a level. A comma goes on. The closing bracket ends the
 * level, which is then a value itself.
 */
static bool scan_after(struct scanner *s, bool *more)
{
	*more = false;
	while (s->depth > 0) {
		skip_blanks(s);
		if (end(s))
			return fail(s, "the text ends inside an object or array");
		char c = s->text[s->at];
		if (c == ',') {
			s->at++;
			*more = true;
			return in_object(s) ? scan_key(s) : true;
		}
		if (c != (in_object(s) ? '}' : ']'))
			return fail(s,
			            in_object(s) ? "expected ',' or '}'" : "expected ',' or ']'");
		s->at++;
		s->depth--;
	}
	return true;
}

/* Scans one value from the present place, whatever follows it. */
static bool scan_value(struct scanner *s)
{
	for (bool more = true; more;) {
		bool opened, closed = true;
		if (!scan_begin(s, &opened))
			return false;
		if (opened && !scan_first(s, &closed))
			return false;
		if (opened && !closed)
			continue;
		if (!scan_after(s, &more))
			return false;
	}
	return true;
}

static enum scan_kind kind_of(char first)
{
	switch (first) {
	case '{':
		return SCAN_OBJECT;
	case '[':
		return SCAN_ARRAY;
	case '"':
		return SCAN_STRING;
	case 't':
		return SCAN_TRUE;
	case 'f':
		return SCAN_FALSE;
	case 'n':
		return SCAN_NULL;
	default:
		return SCAN_NUMBER;
	}
}

static struct scan_value value_from(const struct scanner *s, size_t start)
{
	return (struct scan_value){kind_of(s->text[start]), {s->text + start, s->at - start}};
}

bool scan_text(struct span text, struct scan_value *value, struct scan_error *err)
{
	struct scanner s = {.text = text.at ? text.at : "", .len = text.len, .err = err};
	skip_blanks(&s);
	size_t start = s.at;
	if (!scan_value(&s))
		return false;
	*value = value_from(&s, start);
	skip_blanks(&s);
	return end(&s) ? true : fail(&s, "something follows the value");
}

/* ---- over what was found valid ---- */

/* at stands on the opening quote. */
static void skip_string(struct scanner *s)
{
	const char *from = s->text + s->at, *last = s->text + s->len, *quote = from;
	size_t backslashes;
	do {
		quote = memchr(quote + 1, '"', (size_t)(last - quote - 1));
		for (backslashes = 0; quote[-1 - (ptrdiff_t)backslashes] == '\\'; backslashes++)
			;
	} while (backslashes % 2 == 1);
	s->at += (size_t)(quote + 1 - from);
}

static void skip_container(struct scanner *s)
{
	int depth = 0;
	do {
		switch (s->text[s->at]) {
		case '"':
			skip_string(s);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			break;
		default:
			break;
		}
		s->at++;
	} while (depth > 0);
}

static void skip_value(struct scanner *s)
{
	switch (s->text[s->at]) {
	case '"':
		skip_string(s);
		break;
	case '{':
	case '[':
		skip_container(s);
		break;
	default: /* a number or a word */
		while (s->at < s->len && !strchr(",}] \t\r\n", s->text[s->at]))
			s->at++;
	}
}

bool scan_next_member(struct scan_value object, size_t *at, struct scan_member *member)
{
	struct scanner s = {.text = object.text.at, .len = object.text.len, .at = *at ? *at : 1};
	skip_blanks(&s);
	if (s.text[s.at] == '}')
		return false;
	if (s.text[s.at] == ',')
		s.at++;
	skip_blanks(&s);
	size_t key = s.at;
	skip_string(&s);
	member->key = (struct span){s.text + key, s.at - key};
	skip_blanks(&s);
	s.at++; /* ':' */
	skip_blanks(&s);
	size_t start = s.at;
	skip_value(&s);
	member->value = value_from(&s, start);
	*at = s.at;
	return true;
}

/* ---- over what nobody has checked ---- */

/* at stands on the opening quote. */
static bool pass_string(struct scanner *s)
{
	for (s->at++; !end(s); s->at++) {
		const char *from = s->text + s->at;
		if (*from == '\\') {
			s->at++;
			continue;
		}
		if (*from == '"') {
			s->at++;
			return true;
		}
	}
	s->at = s->len;
	return fail(s, "the text ends inside a string");
}

/* Passes a container by looking at its brackets and quotes only. */
static bool pass_container(struct scanner *s)
{
	int depth = 0;
	do {
		if (end(s))
			return fail(s, "the text ends inside an object or array");
		char c = s->text[s->at];
		if (c == '"') {
			if (!pass_string(s))
				return false;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		s->at++;
	} while (depth > 0);
	return true;
}

static bool pass_element(struct scanner *s)
{
	static const char behind[] = {',', ']', ' ', '\t', '\r', '\n'};
	size_t start = s->at;
	if (end(s))
		return fail(s, "the text ends where a value is expected");
	switch (s->text[s->at]) {
	case '"':
		return pass_string(s);
	case '{':
	case '[':
		return pass_container(s);
	default: /* a number or a word */
		while (!end(s) && !memchr(behind, s->text[s->at], sizeof behind))
			s->at++;
		return s->at > start ? true : fail(s, "expected a value");
	}
}

static enum scan_step end_of_array(struct scanner *s)
{
	s->at++;
	skip_blanks(s);
	if (end(s))
		return SCAN_END;
	fail(s, "something follows the array");
	return SCAN_BROKEN;
}

/* Moves to the next element, over the opening bracket or a comma. */
static bool pass_separator(struct scanner *s, bool first, bool *closed)
{
	skip_blanks(s);
	if (first && (end(s) || s->text[s->at] != '['))
		return fail(s, "expected an array");
	if (first) {
		s->at++;
		skip_blanks(s);
	}
	if (end(s))
		return fail(s, "the text ends inside an object or array");
	*closed = s->text[s->at] == ']';
	if (*closed || first)
		return true;
	if (s->text[s->at] != ',')
		return fail(s, "expected ',' or ']'");
	s->at++;
	skip_blanks(s);
	return true;
}

enum scan_step scan_next_element(struct span array, size_t *at, struct span *element,
                                 struct scan_error *err)
{
	struct scanner s = {
	    .text = array.at ? array.at : "", .len = array.len, .at = *at, .err = err};
	bool closed;
	if (!pass_separator(&s, *at == 0, &closed))
		return SCAN_BROKEN;
	if (closed)
		return end_of_array(&s);
	size_t start = s.at;
	if (!pass_element(&s))
		return SCAN_BROKEN;
	*element = (struct span){s.text + start, s.at - start};
	*at = s.at;
	return SCAN_ELEMENT;
}

static size_t unescape_one(const char *p, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (*p != 'u') {
		buf_append(out, &to[strchr(from, *p) - from], 1);
		return 1;
	}
	uint32_t code = 0, low = 0;
	size_t used = 5;
	hex4(p + 1, 4, &code);
	if (code >= 0xd800 && code <= 0xdbff) {
		hex4(p + 7, 4, &low);
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		used = 11;
	}
	char bytes[4];
	buf_append(out, bytes, utf8_encode(code, bytes));
	return used;
}

bool scan_unescape(struct span quoted, struct buf *out)
{
	const char *p = quoted.at + 1, *last = quoted.at + quoted.len - 1;
	while (p < last) {
		const char *escape = memchr(p, '\\', (size_t)(last - p));
		size_t plain = (size_t)((escape ? escape : last) - p);
		buf_append(out, p, plain);
		p += plain;
		if (escape)
			p += 1 + unescape_one(p + 1, out);
	}
	return buf_append(out, "", 0);
}

void scan_position(struct span text, size_t offset, size_t *line, size_t *column)
{
	*line = *column = 1;
	for (size_t i = 0; i < offset && i < text.len; i++) {
		if (text.at[i] == '\n') {
			++*line;
			*column = 1;
		} else if (((unsigned char)text.at[i] & 0xc0) != 0x80) {
			++*column;
		}
	}
}

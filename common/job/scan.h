/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict JSON scanner (RFC 8259) that finds values as spans and converts nothing: no allocation,
 * no recursion beyond JOB_DEPTH_MAX. Refuses broken grammar, invalid UTF-8, raw control bytes in
 * strings, lone surrogates in escapes, depth over the limit. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

enum scan_kind {
	SCAN_OBJECT,
	SCAN_ARRAY,
	SCAN_STRING,
	SCAN_NUMBER,
	SCAN_TRUE,
	SCAN_FALSE,
	SCAN_NULL
};

struct scan_error {
	size_t offset;      /* bytes from the start of the text */
	const char *reason; /* static text, e.g. "expected ':' after the key" */
};

/* A value without the blanks around it; strings with their quotes. */
struct scan_value {
	enum scan_kind kind;
	struct span text;
};

struct scan_member {
	struct span key; /* with its quotes */
	struct scan_value value;
};

/* Checks one whole text: blanks, a value, blanks, nothing else. */
bool scan_text(struct span text, struct scan_value *value, struct scan_error *err);

/*
 * Walks the members of an object value that scan_text (or a walk) found valid. Start with *at = 0;
 * false at the end.
 */
bool scan_next_member(struct scan_value object, size_t *at, struct scan_member *member);

/*
 * Walks the elements of an array that nobody has checked. Start with *at = 0. It looks at brackets
 * and quotes only: what lies between two commas is for the reader of the element to check; when all
 * elements are found valid, so is the array.
 */
enum scan_step {
	SCAN_ELEMENT,
	SCAN_END,
	SCAN_BROKEN /* err says where and why; there is no further step */
};
enum scan_step scan_next_element(struct span array, size_t *at, struct span *element,
                                 struct scan_error *err);

/* Unescapes a valid string (with quotes) onto out as UTF-8; \u0000 becomes a NUL byte. False:
 * memory. */
bool scan_unescape(struct span quoted, struct buf *out);

/* Line and column (both from 1, column in characters) of a byte offset, for messages to people. */
void scan_position(struct span text, size_t offset, size_t *line, size_t *column);

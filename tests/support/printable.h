/* SPDX-License-Identifier: Apache-2.0 */
/* What may reach a terminal or a log, judged without the code that escapes it. */
#pragma once

#include <stddef.h>

/*
 * The first place that may not: a control byte (C0 but those of allowed, DEL), a C1 control, what
 * breaks a line or turns the direction of the text (U+2028, U+2029, U+061C, U+200E, U+200F, U+202A
 * to U+202E, U+2066 to U+2069), broken UTF-8. NULL: there is none.
 */
const char *printable_offender(const char *data, size_t len, const char *allowed);

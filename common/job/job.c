/* SPDX-License-Identifier: Apache-2.0 */
#include "common/job/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/random.h"

void job_finish(struct job *j)
{
	free(j->id);
	free(j->type);
	if (j->sealed && j->args)
		explicit_bzero(j->args, j->args_len);
	free(j->args);
	free(j->sealed_to);
	free(j->sealed);
	for (size_t i = 0; i < j->header_count; i++) {
		free(j->headers[i].name);
		free(j->headers[i].value);
	}
	free(j->headers);
	*j = (struct job){0};
}

static bool name_valid(struct span s, size_t max, bool colon)
{
	if (!s.at || s.len < 1 || s.len > max)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		          (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' ||
		          (c == ':' && colon);
		if (!ok)
			return false;
	}
	return true;
}

bool job_id_valid(struct span id)
{
	return name_valid(id, JOB_ID_MAX, true);
}

bool job_type_valid(struct span type)
{
	return name_valid(type, JOB_TYPE_MAX, false);
}

bool key_id_valid(struct span kid)
{
	return name_valid(kid, KEY_ID_MAX, false);
}

bool queue_name_valid(struct span name)
{
	static const char dead[] = ".dead";
	enum { LEN = sizeof dead - 1 };
	bool taken = name.len >= LEN && memcmp(name.at + name.len - LEN, dead, LEN) == 0;
	return name_valid(name, 100, false) && !taken;
}

/*
 * Matches greedily with one point of return. In practice this is linear, and at most |glob| *
 * |type|.
 */
bool job_type_matches(const char *glob, const char *type)
{
	const char *star = NULL, *retry = NULL;
	while (*type) {
		if (*glob == '*') {
			star = glob++;
			retry = type;
		} else if (*glob == '?' || *glob == *type) {
			glob++;
			type++;
		} else if (star) {
			glob = star + 1;
			type = ++retry;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return *glob == 0;
}

char *job_make_uuid7(int64_t at_ms, char out[static JOB_UUID_SIZE])
{
	unsigned char b[16];
	random_bytes(b, sizeof b);
	for (int i = 0; i < 6; i++)
		b[i] = (unsigned char)((uint64_t)at_ms >> (40 - 8 * i));
	b[6] = (unsigned char)(0x70 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	snprintf(out, JOB_UUID_SIZE,
	         "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
	         b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
	         b[15]);
	return out;
}

struct lanes {
	uint64_t a, b;
};

static uint64_t avalanche(uint64_t h)
{
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

/*
 * Two unlike lanes. Each step of either one is invertible, so that neither loses entropy on the
 * way.
 */
static void absorb(struct lanes *l, unsigned char byte)
{
	l->a = hash_byte(l->a, byte);
	l->b ^= byte;
	l->b = (l->b << 23 | l->b >> 41) * UINT64_C(0x9e3779b97f4a7c15);
}

char *job_make_hash_id(const struct span *parts, size_t count, char out[static JOB_HASH_SIZE])
{
	struct lanes l = {HASH_EMPTY, UINT64_C(0x6a09e667f3bcc909)};
	for (size_t i = 0; i < count; i++) {
		for (int shift = 0; shift < 64; shift += 8)
			absorb(&l, (unsigned char)((uint64_t)parts[i].len >> shift));
		for (size_t k = 0; k < parts[i].len; k++)
			absorb(&l, (unsigned char)parts[i].at[k]);
	}
	uint64_t high = avalanche(l.a + l.b), low = avalanche(l.b ^ high);
	snprintf(out, JOB_HASH_SIZE, "h-%016llx%016llx", (unsigned long long)high,
	         (unsigned long long)low);
	return out;
}

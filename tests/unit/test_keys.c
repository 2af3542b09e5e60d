/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests keys, signatures and seals: known answers, and that everything that was altered is refused.
 */
#include <check.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/base64.h"
#include "common/job/hpke.h"
#include "common/settings/key_files.h"
#include "common/base/memory.h"
#include "common/job/seal.h"
#include "common/base/secret_file.h"
#include "common/job/sign.h"
#include "tests/unit/suites.h"

/* Seed and public key of RFC 8032, 7.1, test 2, and Bob's of RFC 7748, 6.1. */
#define SEED "TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs="
#define SEED_PUBLIC "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
#define BOB "XasIfmJKikt54X+Lg4AO5m87sSkmGLb9HC+LJ/+I4Os="
#define BOB_PUBLIC "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08="

static struct keyring ring_of(const char *text)
{
	struct keyring r;
	struct error err = {0};
	ck_assert_msg(keyring_read(&r, KEY_ANY, span_of(text), "keys", &err) == 0, "%s", err.text);
	return r;
}

static struct keyring new_key(enum key_kind kind, const char *kid)
{
	struct keyring r = {0};
	struct error err = {0};
	ck_assert_msg(keyring_make(&r, kind, kid, &err) == 0, "%s", err.text);
	return r;
}

static struct buf from_hex(const char *hex)
{
	struct buf b = {0};
	for (unsigned byte; *hex && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		buf_append(&b, (char[]){(char)byte}, 1);
	return b;
}

static struct span span_of_buf(const struct buf *b)
{
	return (struct span){b->data ? b->data : "", b->len};
}

/* ---- key texts ---- */

START_TEST(a_public_half_is_the_one_of_the_standards)
{
	struct keyring r =
	    ring_of("# two keys\n\na sign-secret " SEED "\n  b\tseal-secret   " BOB "\r\n");
	struct buf out = {0};
	ck_assert_uint_eq(r.count, 2);
	key_write(&r.keys[0], true, &out);
	key_write(&r.keys[1], true, &out);
	ck_assert_str_eq(out.data, "a sign-public " SEED_PUBLIC "\nb seal-public " BOB_PUBLIC "\n");
	buf_clear(&out);
	key_write(&r.keys[0], false, &out);
	key_write(&r.keys[1], false, &out);
	ck_assert_str_eq(out.data, "a sign-secret " SEED "\nb seal-secret " BOB "\n");
	buf_wipe(&out);
	keyring_finish(&r);
}
END_TEST

static const struct {
	enum key_kind want;
	const char *text, *error;
} wrong_texts[] = {
    {KEY_ANY, "", "'keys' holds no key"},
    {KEY_ANY, "# nothing\n\n", "'keys' holds no key"},
    {KEY_ANY, "a sign-secret\n", "keys:1: a key is three words"},
    {KEY_ANY, "a sign-secret " SEED " b\n", "keys:1: a key is three words"},
    {KEY_ANY, "#\n\na/b sign-secret " SEED, "keys:3: the first word, the kid, must be"},
    {KEY_ANY, "a secret " SEED, "the second word must be"},
    {KEY_ANY, "a sign-secret TM0Imyj",
     "the third word of 'a' is not the base64 of a sign-secret key"},
    {KEY_ANY, "a sign-secret AAAA" SEED, "not the base64"},
    {KEY_ANY, "a sign-secret TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvt=",
     "not the base64"}, /* idle bits set */
    {KEY_ANY, "a sign-public AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
     "not the base64"}, /* the neutral point */
    {KEY_ANY, "a sign-public AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
     "not the base64"}, /* on no curve */
    {KEY_ANY, "a seal-public AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "not the base64"},
    {KEY_ANY, "a sign-secret " SEED "\na sign-public " SEED_PUBLIC,
     "keys:2: the kid 'a' comes twice"},
    {KEY_SIGN_PUBLIC, "a sign-secret " SEED,
     "this setting takes the public key: warren-producer keys public FILE"},
    {KEY_SEAL_SECRET, "a seal-public " BOB_PUBLIC, "the file with the secret half is wanted here"},
    {KEY_SIGN_PUBLIC, "a seal-public " BOB_PUBLIC,
     "this is a seal-public key, and a sign-public key is wanted"},
};

START_TEST(a_wrong_key_text_is_refused_by_line_without_a_word_of_the_key)
{
	struct keyring r;
	struct error err = {0};
	ck_assert_int_eq(
	    keyring_read(&r, wrong_texts[_i].want, span_of(wrong_texts[_i].text), "keys", &err),
	    -1);
	ck_assert_int_eq(err.kind, ERROR_CONFIG);
	ck_assert_msg(strstr(err.text, wrong_texts[_i].error) != NULL, "%s", err.text);
	ck_assert_ptr_null(strstr(err.text, "TM0Imyj"));
	keyring_finish(&r);
}
END_TEST

START_TEST(new_keys_differ_and_come_back_from_their_text)
{
	for (enum key_kind kind = KEY_SIGN_SECRET; kind < KEY_ANY; kind += 2) {
		struct keyring a = new_key(kind, "a"), b = new_key(kind, "b");
		struct buf text = {0};
		ck_assert_mem_ne(a.keys[0].public_half, b.keys[0].public_half, KEY_SIZE);
		key_write(&a.keys[0], false, &text);
		struct keyring again = ring_of(text.data);
		ck_assert_mem_eq(again.keys[0].public_half, a.keys[0].public_half, KEY_SIZE);
		buf_wipe(&text);
		keyring_finish(&a);
		keyring_finish(&b);
		keyring_finish(&again);
	}
}
END_TEST

/* ---- key files ---- */

enum { BOTH = SECRET_CLOSED | SECRET_TRUSTED };

static const struct {
	mode_t mode;
	uid_t owner;
	unsigned rules;
	const char *error;
} files[] = {
    {S_IFREG | 0600, 1000, BOTH, NULL},
    {S_IFREG | 0400, 0, BOTH, NULL},
    {S_IFREG | 0640, 1000, BOTH, "is open to others; run: chmod 600 'f'"},
    {S_IFREG | 0604, 1000, BOTH, "is open to others"},
    {S_IFREG | 0610, 1000, BOTH, "is open to others"},
    {S_IFREG | 0600, 1001, BOTH,
     "belongs to user 1001; it must belong to root or to the user who runs this: chown 1000 'f'"},
    {S_IFREG | 0644, 1000, SECRET_TRUSTED, NULL},
    {S_IFREG | 0444, 0, SECRET_TRUSTED, NULL},
    {S_IFREG | 0664, 1000, SECRET_TRUSTED, "can be changed by others; run: chmod go-w 'f'"},
    {S_IFREG | 0646, 1000, SECRET_TRUSTED, "can be changed by others"},
    {S_IFREG | 0644, 1001, SECRET_TRUSTED, "belongs to user 1001"},
    {S_IFREG | 0640, 0, BOTH, NULL}, /* root's file may be readable by a group */
    {S_IFREG | 0660, 0, BOTH, "is open to others"},
    {S_IFREG | 0604, 0, BOTH, "is open to others"},
    {S_IFREG | 0640, 1000, SECRET_CLOSED, "is open to others"},
    {S_IFREG | 0600, 1001, SECRET_CLOSED, NULL}, /* root may read a service's file */
    {S_IFIFO | 0600, 1000, SECRET_CLOSED, NULL}, /* a password may come by <(...) */
    {S_IFDIR | 0700, 1000, BOTH, "is not a plain file"},
    {S_IFIFO | 0600, 1000, BOTH, "is not a plain file"},
};

START_TEST(files_are_judged_by_rules_owner_and_mode)
{
	struct error err = {0};
	struct stat st = {.st_mode = files[_i].mode, .st_uid = files[_i].owner};
	int rc = secret_file_judge("file", "f", &st, 1000, files[_i].rules, &err);
	ck_assert_int_eq(rc, files[_i].error ? -1 : 0);
	if (files[_i].error)
		ck_assert_msg(strstr(err.text, files[_i].error) != NULL, "%s", err.text);
}
END_TEST

static char folder[] = "/tmp/warren-keys-XXXXXX";

static char *file_with(const char *name, const char *text, mode_t mode)
{
	char *path = xprintf("%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static void expect_file(const char *text, mode_t mode, enum key_kind kind, const char *error)
{
	struct keyring r;
	struct error err = {0};
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	cleanup_free char *path = file_with("f", text, mode);
	int rc = key_file_read_one(path, kind, &r, &err);
	ck_assert_msg(error ? rc < 0 && strstr(err.text, error) : rc == 0, "%s", err.text);
	ck_assert_ptr_null(strstr(err.text, "TM0Imyj"));
	keyring_finish(&r);
	unlink(path);
	rmdir(folder);
}

START_TEST(a_file_with_a_secret_in_it_must_be_private_whatever_it_is_read_for)
{
	expect_file("a sign-secret " SEED "\n", 0600, KEY_SIGN_SECRET, NULL);
	expect_file("a sign-secret " SEED "\n", 0640, KEY_SIGN_SECRET,
	            geteuid() == 0 ? NULL : "key file");
	expect_file("a sign-secret " SEED "\n", 0604, KEY_ANY, "is open to others");
	expect_file("a sign-public " SEED_PUBLIC "\n", 0644, KEY_SIGN_PUBLIC, NULL);
	/* The error must not be about the mode, which is right for a public key. */
	expect_file("a sign-public " SEED_PUBLIC "\n", 0644, KEY_SIGN_SECRET,
	            "the file with the secret half is wanted");
	expect_file("a sign-public " SEED_PUBLIC "\n", 0666, KEY_SIGN_PUBLIC,
	            "can be changed by others");
	expect_file("a sign-public " SEED_PUBLIC "\nb sign-public " SEED_PUBLIC "\n", 0600,
	            KEY_SIGN_PUBLIC, "holds 2 keys; leave the one that is to be used");
	expect_file("a sign-public x\n", 0600, KEY_SIGN_PUBLIC, "/f:1: the third word");
	cleanup_free char *large = xcalloc(70001, 1);
	memset(large, '#', 70000);
	expect_file(large, 0600, KEY_SIGN_PUBLIC, "is too large to be one");
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	struct keyring r;
	struct error err = {0};
	ck_assert_int_eq(key_file_read("/nowhere/key", KEY_ANY, &r, &err), -1);
	ck_assert_int_eq(err.kind, ERROR_NOINPUT);
	ck_assert_str_eq(err.text, "key file '/nowhere/key': No such file or directory");
}
END_TEST

START_TEST(a_new_file_has_its_mode_whatever_the_umask_and_is_never_overwritten)
{
	struct error err = {0};
	struct stat st;
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	cleanup_free char *secret = xprintf("%s/s", folder), *open_one = xprintf("%s/p", folder);
	mode_t before = umask(0);
	ck_assert_int_eq(key_file_create(secret, true, span_of("one"), &err), 0);
	umask(0777);
	ck_assert_int_eq(key_file_create(open_one, false, span_of("two"), &err), 0);
	umask(before);
	ck_assert(stat(secret, &st) == 0 && st.st_mode == (S_IFREG | 0600));
	ck_assert(stat(open_one, &st) == 0 && st.st_mode == (S_IFREG | 0644) && st.st_size == 3);
	ck_assert_int_eq(key_file_create(secret, true, span_of("three"), &err), -1);
	ck_assert_int_eq(err.kind, ERROR_USAGE);
	ck_assert(stat(secret, &st) == 0 && st.st_size == 3);
	unlink(secret);
	unlink(open_one);
	rmdir(folder);
}
END_TEST

/* ---- signatures ---- */

static const char body[] =
    "{\"id\":\"j-1\",\"type\":\"mail.welcome\",\"args\":{\"to\":\"ada@example.org\"}}";
#define QUEUE "warren.v1.q.mail"

/* Checks a signature by OpenSSL, which knows nothing of sign.c. */
static bool openssl_takes(const unsigned char public_half[KEY_SIZE], const struct buf *bytes,
                          const struct buf *signature)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_half, KEY_SIZE);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = EVP_DigestVerifyInit(md, NULL, NULL, NULL, key) == 1 &&
	          EVP_DigestVerify(md, (const unsigned char *)signature->data, signature->len,
	                           (const unsigned char *)bytes->data, bytes->len) == 1;
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(key);
	return ok;
}

START_TEST(a_signature_is_ed25519_over_context_queue_and_body)
{
	char text[SIGN_TEXT_SIZE];
	struct keyring r = ring_of("a sign-secret " SEED);
	struct buf signature = {0}, bytes = {0};
	sign_job(&r.keys[0], QUEUE, span_of(body), text);
	ck_assert(base64_decode(&signature, span_of(text)));
	buf_printf(&bytes, "warren signed job 1\n%s\n%s", QUEUE, body);
	ck_assert(openssl_takes(r.keys[0].public_half, &bytes, &signature));
	buf_append_text(&bytes, " ");
	ck_assert(!openssl_takes(r.keys[0].public_half, &bytes, &signature));
	buf_finish(&signature);
	buf_finish(&bytes);
	keyring_finish(&r);
}
END_TEST

/* docs/message-format.md prints this example for people who sign with another program. */
START_TEST(the_example_of_the_documentation_is_what_comes_out)
{
	char text[SIGN_TEXT_SIZE];
	struct keyring r = ring_of("a sign-secret " SEED);
	ck_assert_str_eq(sign_job(&r.keys[0], QUEUE, span_of("{\"type\":\"t\"}"), text),
	                 "LzN3gpVrwyc98JvLxjFKcJ/UiVp+65PT8DtVPxT6vnvRoUmFymxs4UclP7rAEJe/"
	                 "NjyK234yVVLefbqLDteOCQ==");
	keyring_finish(&r);
}
END_TEST

START_TEST(no_bit_of_body_or_signature_may_change)
{
	char text[SIGN_TEXT_SIZE], altered[sizeof body];
	struct keyring r = ring_of("a sign-public " SEED_PUBLIC),
	               s = ring_of("a sign-secret " SEED);
	const struct key *k = &r.keys[0];
	sign_job(&s.keys[0], QUEUE, span_of(body), text);
	ck_assert(sign_check(k, QUEUE, span_of(body), span_of(text)));
	memcpy(altered, body, sizeof body);
	for (size_t bit = 0; bit < 8 * strlen(body); bit++) {
		altered[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert(
		    !sign_check(k, QUEUE, (struct span){altered, strlen(body)}, span_of(text)));
		altered[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * (SIGN_TEXT_SIZE - 1); bit++) {
		text[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert(
		    !sign_check(k, QUEUE, span_of(body), (struct span){text, SIGN_TEXT_SIZE - 1}));
		text[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t len = 0; len < SIGN_TEXT_SIZE - 1; len++)
		ck_assert(!sign_check(k, QUEUE, span_of(body), (struct span){text, len}));
	ck_assert(!sign_check(k, QUEUE, span_of(body), (struct span){0}));
	ck_assert(sign_check(k, QUEUE, span_of(body), span_of(text)));
	keyring_finish(&r);
	keyring_finish(&s);
}
END_TEST

START_TEST(a_signature_counts_in_its_queue_only_and_of_its_key_only)
{
	char text[SIGN_TEXT_SIZE];
	struct keyring a = new_key(KEY_SIGN_SECRET, "a"), b = new_key(KEY_SIGN_SECRET, "b");
	sign_job(&a.keys[0], QUEUE, span_of(body), text);
	ck_assert(sign_check(&a.keys[0], QUEUE, span_of(body), span_of(text)));
	ck_assert(!sign_check(&a.keys[0], "warren.v1.q.mail2", span_of(body), span_of(text)));
	ck_assert(!sign_check(&a.keys[0], "warren.v2.q.mail", span_of(body), span_of(text)));
	ck_assert(!sign_check(&b.keys[0], QUEUE, span_of(body), span_of(text)));
	keyring_finish(&a);
	keyring_finish(&b);
}
END_TEST

/* ---- HPKE ---- */

/*
 * The test vector of RFC 9180, A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305,
 * base mode, sequence number 0.
 */
static const char of_sender[] = "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600",
                  of_receiver[] =
                      "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
                  receiver_public[] =
                      "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
                  sealed_answer[] =
                      "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"
                      "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db"
                      "21993c62ce81883d2dd1b51a28";

START_TEST(hpke_gives_the_answer_of_the_rfc)
{
	const struct hpke_bond bond = {span_of("Ode on a Grecian Urn"), span_of("Count-0")};
	const char plain[] = "Beauty is truth, truth beauty";
	struct buf sender = from_hex(of_sender), secret = from_hex(of_receiver),
	           to = from_hex(receiver_public), answer = from_hex(sealed_answer);
	unsigned char out[sizeof plain - 1 + HPKE_OVERHEAD], back[sizeof plain - 1];
	ck_assert(hpke_seal((unsigned char *)to.data, (unsigned char *)sender.data, bond,
	                    span_of(plain), out));
	ck_assert_uint_eq(answer.len, sizeof out);
	ck_assert_mem_eq(out, answer.data, sizeof out);
	ck_assert(hpke_open((unsigned char *)secret.data, (unsigned char *)to.data, bond,
	                    span_of_buf(&answer), back));
	ck_assert_mem_eq(back, plain, sizeof back);
	struct buf *all[] = {&sender, &secret, &to, &answer};
	for (size_t i = 0; i < 4; i++)
		buf_finish(all[i]);
}
END_TEST

/* ---- seals ---- */

static const struct seal_place place = {QUEUE, "j-1", "mail.welcome"};

START_TEST(sealed_args_come_back_and_nothing_of_them_shows)
{
	static const size_t sizes[] = {0, 1, 2, 3, 31, 32, 33, 1000, 100000};
	struct keyring r = new_key(KEY_SEAL_SECRET, "a");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		cleanup_free char *args = xcalloc(sizes[i] + 1, 1);
		memset(args, 'x', sizes[i]);
		struct buf one = {0}, two = {0}, back = {0};
		seal_args(&r.keys[0], &place, (struct span){args, sizes[i]}, &one);
		seal_args(&r.keys[0], &place, (struct span){args, sizes[i]}, &two);
		ck_assert_str_ne(one.data, two.data);
		ck_assert_ptr_null(strstr(one.data, "xxxxxxxx"));
		ck_assert(seal_open(&r.keys[0], &place, span_of_buf(&one), &back));
		ck_assert_uint_eq(back.len, sizes[i]);
		ck_assert_mem_eq(back.data, args, sizes[i]);
		buf_finish(&one);
		buf_finish(&two);
		buf_wipe(&back);
	}
	keyring_finish(&r);
}
END_TEST

START_TEST(no_bit_of_a_seal_may_change_and_none_may_be_missing)
{
	struct keyring r = new_key(KEY_SEAL_SECRET, "a");
	struct buf text = {0}, back = {0};
	seal_args(&r.keys[0], &place, span_of("{\"to\":\"ada\"}"), &text);
	for (size_t bit = 0; bit < 8 * text.len; bit++) {
		text.data[bit / 8] ^= (char)(1 << bit % 8);
		ck_assert(!seal_open(&r.keys[0], &place, span_of_buf(&text), &back));
		text.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t len = 0; len < text.len; len++)
		ck_assert(!seal_open(&r.keys[0], &place, (struct span){text.data, len}, &back));
	ck_assert_uint_eq(back.len, 0);
	ck_assert(seal_open(&r.keys[0], &place, span_of_buf(&text), &back));
	buf_finish(&text);
	buf_wipe(&back);
	keyring_finish(&r);
}
END_TEST

START_TEST(a_seal_opens_in_its_own_job_and_for_its_own_key_only)
{
	static const struct seal_place others[] = {{"warren.v1.q.img", "j-1", "mail.welcome"},
	                                           {QUEUE, "j-2", "mail.welcome"},
	                                           {QUEUE, "j-1", "mail.bye"},
	                                           {QUEUE, "j-1mail", ".welcome"}};
	struct keyring r = new_key(KEY_SEAL_SECRET, "a"), other = new_key(KEY_SEAL_SECRET, "a");
	struct buf text = {0}, back = {0};
	seal_args(&r.keys[0], &place, span_of("[1]"), &text);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		ck_assert(!seal_open(&r.keys[0], &others[i], span_of_buf(&text), &back));
	ck_assert(!seal_open(&other.keys[0], &place, span_of_buf(&text), &back));
	ck_assert(seal_open(&r.keys[0], &place, span_of_buf(&text), &back));
	buf_finish(&text);
	buf_wipe(&back);
	keyring_finish(&r);
	keyring_finish(&other);
}
END_TEST

START_TEST(random_bytes_open_nothing_and_read_as_no_keys)
{
	enum { ROUNDS = 20000 };
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \n#-.\xff";
	struct keyring r = new_key(KEY_SEAL_SECRET, "a"), s = new_key(KEY_SIGN_SECRET, "a");
	uint64_t state = 7;
	for (int round = 0; round < ROUNDS; round++) {
		char bytes[256];
		size_t len = next_random(&state) % sizeof bytes;
		bool text = round % 2;
		for (size_t i = 0; i < len; i++)
			bytes[i] = text ? letters[next_random(&state) % (sizeof letters - 1)]
			                : (char)next_random(&state);
		struct span any = {bytes, len};
		struct buf back = {0};
		struct keyring read;
		struct error err = {0};
		ck_assert(!seal_open(&r.keys[0], &place, any, &back));
		ck_assert(!sign_check(&s.keys[0], QUEUE, any, any));
		ck_assert_int_eq(keyring_read(&read, KEY_ANY, any, "keys", &err), -1);
		keyring_finish(&read);
	}
	keyring_finish(&r);
	keyring_finish(&s);
}
END_TEST

static Suite *keys_suite(void)
{
	const TTest *const plain[] = {
	    a_public_half_is_the_one_of_the_standards,
	    new_keys_differ_and_come_back_from_their_text,
	    a_file_with_a_secret_in_it_must_be_private_whatever_it_is_read_for,
	    a_missing_file_is_named,
	    a_new_file_has_its_mode_whatever_the_umask_and_is_never_overwritten,
	    a_signature_is_ed25519_over_context_queue_and_body,
	    the_example_of_the_documentation_is_what_comes_out,
	    no_bit_of_body_or_signature_may_change,
	    a_signature_counts_in_its_queue_only_and_of_its_key_only,
	    hpke_gives_the_answer_of_the_rfc,
	    sealed_args_come_back_and_nothing_of_them_shows,
	    no_bit_of_a_seal_may_change_and_none_may_be_missing,
	    a_seal_opens_in_its_own_job_and_for_its_own_key_only,
	    random_bytes_open_nothing_and_read_as_no_keys,
	    NULL,
	};
	Suite *s = suite_of("keys", plain);
	TCase *tables = tcase_create("tables");
	tcase_add_loop_test(tables, a_wrong_key_text_is_refused_by_line_without_a_word_of_the_key,
	                    0, sizeof wrong_texts / sizeof *wrong_texts);
	tcase_add_loop_test(tables, files_are_judged_by_rules_owner_and_mode, 0,
	                    sizeof files / sizeof *files);
	suite_add_tcase(s, tables);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(keys_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

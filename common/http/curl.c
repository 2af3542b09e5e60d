/* SPDX-License-Identifier: Apache-2.0 */
#define CURL_NAMES_ONLY
#include "common/http/curl.h"

#include <dlfcn.h>
#include <stdbool.h>

#define LIBRARY "libcurl.so.4" /* its ABI has had this number since 2006 */

struct curl_functions curl_functions;

/* dlsym returns functions as void *. C does not convert these, so the bytes are copied. */
static bool look_up(void *library, const char *name, void *pointer)
{
	void *found = dlsym(library, name);
	*(void **)pointer = found;
	return found;
}

int curl_load(struct error *err)
{
	static bool loaded;
	if (loaded)
		return 0;
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	bool all = library;
#define LOOK_UP(name) all = all && look_up(library, #name, &curl_functions.name##_);
	CURL_FUNCTIONS(LOOK_UP)
#undef LOOK_UP
	if (!all)
		return error_set(
		    err, ERROR_CONFIG,
		    "HTTP needs libcurl 7.85 or newer; install Debian's package libcurl4: %s",
		    dlerror());
	if (curl_functions.curl_global_init_(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, ERROR_BUG, "libcurl cannot be used here");
	loaded = true;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads libcurl when it is first needed. libcurl links to 27 other libraries on Debian 12, such as
 * TLS, Kerberos and LDAP. Linked at the start they would take half of the time that our programs
 * need to start, and half of the memory of an idle worker. Most of them never speak HTTP.
 *
 * Include this header in place of <curl/curl.h>. The names of libcurl's functions then stand for
 * the functions that were loaded. Call none before curl_load has returned 0.
 */
#pragma once

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "common/base/error.h"

/* Loads libcurl unless it is loaded. Returns -1 with ERROR_CONFIG if it is not installed. Call it
 * from one thread only. */
int curl_load(struct error *err);

#define CURL_FUNCTIONS(X)                                                                          \
	X(curl_easy_cleanup)                                                                       \
	X(curl_easy_getinfo)                                                                       \
	X(curl_easy_init)                                                                          \
	X(curl_easy_perform)                                                                       \
	X(curl_easy_setopt)                                                                        \
	X(curl_easy_strerror)                                                                      \
	X(curl_easy_unescape)                                                                      \
	X(curl_free)                                                                               \
	X(curl_global_init)                                                                        \
	X(curl_multi_add_handle)                                                                   \
	X(curl_multi_assign)                                                                       \
	X(curl_multi_cleanup)                                                                      \
	X(curl_multi_info_read)                                                                    \
	X(curl_multi_init)                                                                         \
	X(curl_multi_remove_handle)                                                                \
	X(curl_multi_setopt)                                                                       \
	X(curl_multi_socket_action)                                                                \
	X(curl_slist_append)                                                                       \
	X(curl_slist_free_all)                                                                     \
	X(curl_url)                                                                                \
	X(curl_url_cleanup)                                                                        \
	X(curl_url_get)                                                                            \
	X(curl_url_set)

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define CURL_POINTER(name) __typeof__(name) *name##_;
extern struct curl_functions {
	CURL_FUNCTIONS(CURL_POINTER)
} curl_functions;
#undef CURL_POINTER

#ifndef CURL_NAMES_ONLY /* curl.c makes strings of them */
#define curl_easy_cleanup curl_functions.curl_easy_cleanup_
#define curl_easy_getinfo curl_functions.curl_easy_getinfo_
#define curl_easy_init curl_functions.curl_easy_init_
#define curl_easy_perform curl_functions.curl_easy_perform_
#define curl_easy_setopt curl_functions.curl_easy_setopt_
#define curl_easy_strerror curl_functions.curl_easy_strerror_
#define curl_easy_unescape curl_functions.curl_easy_unescape_
#define curl_free curl_functions.curl_free_
#define curl_global_init curl_functions.curl_global_init_
#define curl_multi_add_handle curl_functions.curl_multi_add_handle_
#define curl_multi_assign curl_functions.curl_multi_assign_
#define curl_multi_cleanup curl_functions.curl_multi_cleanup_
#define curl_multi_info_read curl_functions.curl_multi_info_read_
#define curl_multi_init curl_functions.curl_multi_init_
#define curl_multi_remove_handle curl_functions.curl_multi_remove_handle_
#define curl_multi_setopt curl_functions.curl_multi_setopt_
#define curl_multi_socket_action curl_functions.curl_multi_socket_action_
#define curl_slist_append curl_functions.curl_slist_append_
#define curl_slist_free_all curl_functions.curl_slist_free_all_
#define curl_url curl_functions.curl_url_
#define curl_url_cleanup curl_functions.curl_url_cleanup_
#define curl_url_get curl_functions.curl_url_get_
#define curl_url_set curl_functions.curl_url_set_
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The guardian's own end: what runs in its process. */
#pragma once

/* Serves requests on the socket until it closes, then kills everything below itself and ends. */
_Noreturn void guardian_process(int socket);

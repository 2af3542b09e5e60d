/* SPDX-License-Identifier: Apache-2.0 */
/* The code that runs in the guardian's own process. */
#pragma once

/* Serves requests on the socket until it closes, then kills everything below itself and ends. */
_Noreturn void guardian_process(int socket);

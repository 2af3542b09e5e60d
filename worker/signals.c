/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/signals.h"

#include <signal.h>

#include "common/base/log.h"
#include "worker/phase.h"
#include "worker/reload.h"

static const int numbers[SIGNALS_COUNT] = {SIGTERM, SIGINT, SIGHUP, SIGTSTP, SIGCONT, SIGQUIT};

static void interrupt(struct worker *w)
{
	if (++w->signals.interrupts == 1) {
		phase_drain(w, w->settings->drain_ms, "SIGINT (a second one stops at once)");
		return;
	}
	log_warn(LOG_SELF, "stopped at once: %u running jobs go back to the broker",
	         w->tasks.running_count);
	phase_abandon(w, 130);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct worker *w = handle->data;
	switch (number) {
	case SIGTERM:
		phase_drain(w, w->settings->drain_ms, "SIGTERM");
		break;
	case SIGQUIT:
		w->signals.interrupts++;
		interrupt(w);
		break;
	case SIGINT:
		interrupt(w);
		break;
	case SIGHUP:
		reload_all(w);
		break;
	case SIGTSTP:
		phase_pause(w, true);
		break;
	case SIGCONT:
		phase_pause(w, false);
		break;
	default:
		break;
	}
}

void signals_start(struct worker *w)
{
	for (size_t i = 0; i < SIGNALS_COUNT; i++) {
		uv_signal_init(&w->loop, &w->signals.handles[i]);
		w->signals.handles[i].data = w;
		uv_signal_start(&w->signals.handles[i], on_signal, numbers[i]);
	}
}

void signals_close(struct worker *w)
{
	for (size_t i = 0; i < SIGNALS_COUNT; i++)
		uv_close((uv_handle_t *)&w->signals.handles[i], NULL);
}

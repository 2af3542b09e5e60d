#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The same as noop.py in Node: a long-lived handler that does nothing.
"use strict";
const fs = require("fs");
const readline = require("readline");

const requests = readline.createInterface({ input: fs.createReadStream(null, { fd: 3 }) });
fs.writeSync(4, '{"ready":100,"in_turn":true}\n');
requests.on("line", (line) => {
	const request = JSON.parse(line);
	if (request.id) fs.writeSync(4, JSON.stringify({ ok: request.id }) + "\n");
});
requests.on("close", () => {
	const { user, system } = process.cpuUsage();
	if (process.env.BENCH_CPU) fs.writeFileSync(process.env.BENCH_CPU, String((user + system) / 1e6));
});

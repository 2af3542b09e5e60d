#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Text statistics as a long-lived handler with eight jobs at once: process:examples/text-stats.js, args {"path": "..."}.
"use strict";
const fs = require("fs");
const readline = require("readline");

const reply = (message) => fs.writeSync(4, JSON.stringify(message) + "\n");

async function run({ id, job }) {
	try {
		const text = await fs.promises.readFile(job.args.path, "latin1");
		const words = text.split(/[ \t\n\v\f\r]+/).filter(Boolean).length;
		reply({ ok: id, result: { lines: text.split("\n").length - 1, words, bytes: text.length } });
	} catch (problem) {
		reply({ dead: id, error: problem.message });
	}
}

readline.createInterface({ input: fs.createReadStream(null, { fd: 3 }) }).on("line", (line) => {
	const request = JSON.parse(line);
	if (request.id) run(request);
});
reply({ ready: 8 });

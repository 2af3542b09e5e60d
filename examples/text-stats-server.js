#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Text statistics as an HTTP service: examples/text-stats-server.js PORT, then --handler 'text.*=http://127.0.0.1:PORT/stats'
"use strict";
const fs = require("fs");
const http = require("http");

const server = http.createServer(async (request, response) => {
	const parts = [];
	for await (const part of request) parts.push(part);
	try {
		const { path } = JSON.parse(Buffer.concat(parts));
		const text = await fs.promises.readFile(path, "latin1");
		const words = text.split(/[ \t\n\v\f\r]+/).filter(Boolean).length;
		response.setHeader("Content-Type", "application/json");
		response.end(JSON.stringify({ lines: text.split("\n").length - 1, words, bytes: text.length }));
	} catch (problem) {
		response.statusCode = 422; // no retry will help
		response.end(problem.message + "\n");
	}
});
server.listen(Number(process.argv[2] || 8080), "127.0.0.1", () => console.log(server.address().port));

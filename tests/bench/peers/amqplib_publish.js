#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// amqplib_publish.js URL EXCHANGE KEY COUNT: what raw_publish.c does, with amqplib.
'use strict';
const amqp = require('amqplib');

const WINDOW = 1000;
const [url, exchange, key, countText] = process.argv.slice(2);
const count = Number(countText);

function job(n) {
  return JSON.stringify({
    id: 'bench-' + String(n).padStart(12, '0'), type: 'bench', args: {
      t: Date.now() * 1e6, file: '', text: 'a line of text, as many a job has one among its arguments',
      numbers: [1, 2.5, -300], yes: true, nothing: null,
    },
  });
}

async function main() {
  const connection = await amqp.connect(url);
  const channel = await connection.createConfirmChannel();
  let sent = 0, confirmed = 0;
  await new Promise((resolve, reject) => {
    const more = () => {
      while (sent < count && sent - confirmed < WINDOW)
        channel.publish(exchange, key, Buffer.from(job(sent++)), { persistent: true, contentType: 'application/json' }, done);
    };
    const done = (error) => {
      if (error) return reject(error);
      if (++confirmed === count) return resolve();
      if (sent - confirmed <= WINDOW / 2) more();
    };
    more();
  });
  await connection.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

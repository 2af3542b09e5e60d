#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// amqplib_consume.js URL QUEUE COUNT ACK_EVERY PREFETCH: what raw_consume.c does, with amqplib, and the job parsed.
'use strict';
const amqp = require('amqplib');

const [url, queue, ...numbers] = process.argv.slice(2);
const [count, every, prefetch] = numbers.map(Number);

async function main() {
  const connection = await amqp.connect(url);
  const channel = await connection.createChannel();
  await channel.prefetch(prefetch);
  await new Promise((resolve) => {
    let n = 0;
    channel.consume(queue, (message) => {
      JSON.parse(message.content);
      if (++n % every === 0 || n === count) channel.ack(message, true);
      if (n === count) resolve();
    });
  });
  await channel.close();
  await connection.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

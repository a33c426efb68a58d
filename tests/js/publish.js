// Publishes once at every QoS to PREFIX/0, PREFIX/1 and PREFIX/2, waits until each is acknowledged, and says goodbye:
// node publish.js URL VERSION PREFIX PAYLOAD
"use strict";

const mqtt = require("mqtt");

const [url, version, prefix, payload] = process.argv.slice(2);

async function main() {
  const client = await mqtt.connectAsync(url, { protocolVersion: Number(version), reconnectPeriod: 0 });
  for (const qos of [0, 1, 2]) await client.publishAsync(`${prefix}/${qos}`, payload, { qos });
  await client.endAsync();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

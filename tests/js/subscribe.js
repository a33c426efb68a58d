// Subscribes at QoS 2 and prints what comes: node subscribe.js URL VERSION FILTER
// Lines: `subscribed`, `> QOS RETAIN TOPIC PAYLOAD`, `closed` for every lost connection.
"use strict";

const mqtt = require("mqtt");

const [url, version, filter] = process.argv.slice(2);
const client = mqtt.connect(url, { protocolVersion: Number(version), reconnectPeriod: 100 });

client.on("connect", () => {
  client.subscribe(filter, { qos: 2 }, (error) => {
    // A connection lost meanwhile is tried again.
    if (!error) console.log("subscribed");
  });
});
client.on("message", (topic, payload, { qos, retain }) => {
  console.log(`> ${qos} ${retain ? 1 : 0} ${topic} ${payload}`);
});
client.on("close", () => console.log("closed"));
client.on("error", ({ message }) => console.log(`error ${message}`));

// The first program of a newcomer: connect, subscribe, publish, and print each event.
// node hello.js mqtt://localhost:1883
"use strict";

const mqtt = require("mqtt");

const client = mqtt.connect(process.argv[2]);

client.on("connect", () => {
  console.log("connected");
  client.subscribe("test/topic", (error) => {
    if (error) throw error;
    console.log("subscribed");
    client.publish("test/topic", "Hello MQTT");
  });
});

client.on("message", (topic, payload) => {
  console.log(`received ${topic} ${payload}`);
  client.end();
});

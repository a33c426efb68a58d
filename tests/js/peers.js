// Clients of mqtt.js that do what they are told: `node peers.js`. Commands come in and events go out as lines of JSON, which
// tests/tests/both/clients/peer.rs describes. Each line names the client it is about: `who`.
"use strict";

const fs = require("fs");
const readline = require("readline");
const mqtt = require("mqtt");

const clients = new Map();

function tell(who, event) {
  console.log(JSON.stringify({ who, ...event }));
}

function orNothing(object) {
  const set = Object.entries(object).filter(([, value]) => value !== undefined && value !== null);
  return set.length ? Object.fromEntries(set) : undefined;
}

function toMqttjs({ properties: p = {} }) {
  const user = {};
  for (const [name, value] of p.user ?? []) (user[name] ??= []).push(value);
  return orNothing({
    userProperties: Object.keys(user).length ? user : undefined,
    responseTopic: p.response_topic,
    correlationData: p.correlation_data && Buffer.from(p.correlation_data),
    contentType: p.content_type,
    payloadFormatIndicator: p.payload_format && p.payload_format === 1,
    messageExpiryInterval: p.expiry,
    topicAlias: p.topic_alias,
  });
}

function fromMqttjs(p = {}) {
  const user = Object.entries(p.userProperties ?? {});
  return {
    user: user.flatMap(([name, values]) => [values].flat().map((value) => [name, value])),
    response_topic: p.responseTopic,
    correlation_data: p.correlationData && p.correlationData.toString(),
    content_type: p.contentType,
    payload_format: p.payloadFormatIndicator === undefined ? undefined : Number(p.payloadFormatIndicator),
    expiry: p.messageExpiryInterval,
    subscription_ids: p.subscriptionIdentifier === undefined ? [] : [p.subscriptionIdentifier].flat(),
  };
}

const commands = {
  connect(who, { url, ca, client_id, version, clean, session_expiry, topic_alias_maximum, will }) {
    const properties = version === 5 ? orNothing({ sessionExpiryInterval: session_expiry, topicAliasMaximum: topic_alias_maximum }) : undefined;
    const client = mqtt.connect(url, {
      clientId: client_id,
      protocolVersion: version,
      clean,
      properties,
      ca: ca && fs.readFileSync(ca),
      reconnectPeriod: 0,
      will: will && { ...will, properties: version === 5 ? toMqttjs(will) : undefined },
    });
    clients.set(who, client);
    client.on("connect", ({ sessionPresent }) => tell(who, { event: "connected", session_present: sessionPresent }));
    client.on("message", (topic, payload, { qos, retain, properties }) => {
      const message = { topic, payload: payload.toString(), qos, retain, properties: fromMqttjs(properties) };
      tell(who, { event: "message", message });
    });
    client.on("close", () => tell(who, { event: "closed" }));
    client.on("error", ({ message }) => tell(who, { event: "error", why: message }));
  },
  async subscribe(who, { filter, qos, subscription_id }) {
    const properties = orNothing({ subscriptionIdentifier: subscription_id });
    await clients.get(who).subscribeAsync(filter, { qos, properties });
    tell(who, { event: "subscribed" });
  },
  async publish(who, { message }) {
    const { topic, payload, qos, retain } = message;
    await clients.get(who).publishAsync(topic, payload, { qos, retain, properties: toMqttjs(message) });
    tell(who, { event: "published" });
  },
  disconnect(who) {
    clients.get(who).end();
  },
  cut(who) {
    clients.get(who).stream.destroy();
  },
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const { who, command, ...rest } = JSON.parse(line);
  try {
    await commands[command](who, rest);
  } catch ({ message }) {
    tell(who, { event: "error", why: message });
  }
}).on("close", () => process.exit(0));

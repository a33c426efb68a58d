"""Clients of paho-mqtt that do what they are told: `python3 peers.py`.

Commands come in and events go out as lines of JSON, which tests/tests/both/clients/peer.rs describes. Each line names the
client it is about: `who`.
"""

import json
import socket
import sys
import threading
from urllib.parse import urlparse

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

NAMES = {
    "response_topic": "ResponseTopic",
    "content_type": "ContentType",
    "payload_format": "PayloadFormatIndicator",
    "expiry": "MessageExpiryInterval",
    "topic_alias": "TopicAlias",
}

clients = {}
out = threading.Lock()


def tell(who, event, **more):
    with out:
        print(json.dumps({"who": who, "event": event, **more}), flush=True)


def to_paho(packet, message):
    given = message.get("properties") or {}
    properties = Properties(packet)
    for name, theirs in NAMES.items():
        if given.get(name) is not None:
            setattr(properties, theirs, given[name])
    if given.get("correlation_data") is not None:
        properties.CorrelationData = given["correlation_data"].encode()
    if given.get("user"):
        properties.UserProperty = [tuple(pair) for pair in given["user"]]
    return properties


def from_paho(properties):
    if properties is None:
        return {}
    given = {name: getattr(properties, theirs, None) for name, theirs in NAMES.items()}
    correlation_data = getattr(properties, "CorrelationData", None)
    given["correlation_data"] = correlation_data.decode() if correlation_data is not None else None
    given["user"] = [list(pair) for pair in getattr(properties, "UserProperty", [])]
    given["subscription_ids"] = getattr(properties, "SubscriptionIdentifier", [])
    return given


def connect(who, url, client_id, version, clean, ca=None, session_expiry=None, topic_alias_maximum=None, will=None):
    url = urlparse(url)
    is_v5 = version == 5
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=mqtt.MQTTv5 if is_v5 else mqtt.MQTTv311,
        transport="websockets" if url.scheme.startswith("ws") else "tcp",
        clean_session=None if is_v5 else clean,
        reconnect_on_failure=False,
    )
    if url.path:
        client.ws_set_options(path=url.path)
    if ca:
        client.tls_set(ca_certs=ca)
    if will:
        properties = to_paho(PacketTypes.WILLMESSAGE, will) if is_v5 else None
        client.will_set(will["topic"], will["payload"], will["qos"], will["retain"], properties)

    def on_message(_client, _userdata, message):
        tell(who, "message", message={
            "topic": message.topic,
            "payload": message.payload.decode(),
            "qos": message.qos,
            "retain": bool(message.retain),
            "properties": from_paho(getattr(message, "properties", None)),
        })

    def on_connect(_client, _userdata, flags, reason, _properties):
        if reason.is_failure:
            tell(who, "error", why=str(reason))
        else:
            tell(who, "connected", session_present=flags.session_present)

    client.on_connect = on_connect
    client.on_message = on_message
    client.on_subscribe = lambda *_: tell(who, "subscribed")
    client.on_publish = lambda *_: tell(who, "published")
    client.on_disconnect = lambda *_: tell(who, "closed")
    clients[who] = client
    options = {"host": url.hostname, "port": url.port}
    if is_v5:
        properties = Properties(PacketTypes.CONNECT)
        if session_expiry is not None:
            properties.SessionExpiryInterval = session_expiry
        options.update(clean_start=clean, properties=properties)
    client.connect(**options)
    client.loop_start()


def subscribe(who, filter, qos, subscription_id=None):
    client = clients[who]
    if subscription_id is None:
        client.subscribe(filter, qos)
    else:
        properties = Properties(PacketTypes.SUBSCRIBE)
        properties.SubscriptionIdentifier = subscription_id
        client.subscribe(filter, options=mqtt.SubscribeOptions(qos=qos), properties=properties)


def publish(who, message):
    client = clients[who]
    properties = to_paho(PacketTypes.PUBLISH, message) if client.protocol == mqtt.MQTTv5 else None
    client.publish(message["topic"], message["payload"], message["qos"], message["retain"], properties)


def disconnect(who):
    clients[who].disconnect()


def cut(who):
    connection = clients[who].socket()
    getattr(connection, "_socket", connection).shutdown(socket.SHUT_RDWR)


COMMANDS = {f.__name__: f for f in (connect, subscribe, publish, disconnect, cut)}

for line in sys.stdin:
    order = json.loads(line)
    who = order["who"]
    try:
        COMMANDS[order.pop("command")](**order)
    except Exception as error:  # Whatever it is, the test is to hear of it.
        tell(who, "error", why=repr(error))

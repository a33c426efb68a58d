"""Holds what a home publishes for Home Assistant against Home Assistant's own schemas.

Reads a JSON object of device discovery payloads, by any names, and prints what each of them breaks. Every payload has to
pass the schema of device discovery, every component in it the schema of its platform, and no key may be one that a
schema does not know and drops.
"""

import asyncio
import importlib
import json
import sys
import tempfile

import voluptuous
from homeassistant.components.mqtt import discovery
from homeassistant.components.mqtt.schemas import DEVICE_DISCOVERY_SCHEMA
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame

# What Home Assistant copies from the device to each of its components.
SHARED = ("availability_topic", "payload_available", "payload_not_available", "qos", "encoding")


def written_out(payload):
    """The payload with abbreviations replaced, as Home Assistant's discovery does it."""
    replace = getattr(discovery, "_replace_all_abbreviations")
    replace(payload)
    if "origin" in payload:
        replace(payload["origin"])
    return payload


def faults(payload):
    payload = written_out(payload)
    try:
        DEVICE_DISCOVERY_SCHEMA(payload)
    except voluptuous.Invalid as error:
        yield f"device discovery: {error}"
        return
    for name, component in payload["components"].items():
        component = dict(component)
        platform = component.pop("platform")
        component |= {key: payload[key] for key in SHARED if key in payload}
        component |= {"device": payload["device"], "origin": payload["origin"]}
        schema = importlib.import_module(f"homeassistant.components.mqtt.{platform}").DISCOVERY_SCHEMA
        try:
            accepted = schema(component)
        except voluptuous.Invalid as error:
            yield f"{name} ({platform}): {error}"
            continue
        for key in component.keys() - accepted.keys():
            yield f"{name} ({platform}): Home Assistant does not know {key!r}"


async def main(path):
    # Templates are only read inside of a Home Assistant, an empty one will do.
    with tempfile.TemporaryDirectory() as folder:
        frame.async_setup(HomeAssistant(folder))
        return check(path)


def check(path):
    with open(path, encoding="utf-8") as file:
        payloads = json.load(file)
    bad = components = 0
    for name, payload in payloads.items():
        components += len(payload["cmps"])
        for fault in faults(payload):
            bad += 1
            print(f"{name}: {fault}")
    print(f"{len(payloads)} devices with {components} components, {bad} faults; Home Assistant {__version__}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))

"""One end of a conversation at QoS 2 that goes on however often the broker is killed: `python3 steady.py publish|subscribe PORT`.

The publisher numbers its messages and says `acknowledged N`; with its input at an end it sends `end` after all of them, and says
`done`. The subscriber says `subscribed`, and `> N` for each message, the last one `> end`.
"""

import queue
import sys
import threading

import paho.mqtt.client as mqtt

WINDOW = 20

part, port = sys.argv[1:]
# The session is the broker's to keep; what is not acknowledged is paho's, which sends it again.
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, f"steady-{part}", clean_session=False, protocol=mqtt.MQTTv311)
client.reconnect_delay_set(1, 1)


def say(text):
    print(text, flush=True)


def subscribe():
    client.on_message = lambda _client, _data, message: say(f"> {message.payload.decode()}")
    client.on_subscribe = lambda *_: say("subscribed")
    client.connect("localhost", int(port))
    client.subscribe("steady", 2)
    client.loop_forever()


def publish():
    acknowledged = queue.Queue()
    client.on_publish = lambda _client, _data, mid, *_: acknowledged.put(mid)
    client.connect("localhost", int(port))
    client.loop_start()
    ending = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ending.set()), daemon=True).start()
    waiting = {}
    number = 0
    while waiting or not ending.is_set():
        if len(waiting) < WINDOW and not ending.is_set():
            waiting[client.publish("steady", str(number), 2).mid] = number
            number += 1
        else:
            say(f"acknowledged {waiting.pop(acknowledged.get())}")
    client.publish("steady", "end", 2)
    acknowledged.get()
    say("done")
    client.loop_stop()


subscribe() if part == "subscribe" else publish()

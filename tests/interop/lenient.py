"""Where mosquitto's test suite asks for more than MQTT does: appended to its `mosq_test.py` by `cargo xtask interop`.

The suite compares a broker's bytes with mosquitto's. MQTT leaves some of them open, so whole packets are read and
compared as the specification (5.0) reads them:

- the order of properties has no meaning (2.2.2.2), and a Reason String may stand in an answer to a client that did not
  decline it (3.1.2.11.7): neither is compared;
- a broker may say why before it closes (3.1.4, 4.13.2), where mosquitto sometimes closes without a word;
- it may call a bad packet Malformed Packet or Protocol Error: which one, the specification leaves to the reader
  for most of them (1.2, 4.13.1);
- it may refuse a client as one with a bad name or password or as one that is not authorized (3.2.2.2), whichever of both
  mosquitto calls it;
- it may say that nobody subscribed (0x10, 3.4.2.1, 3.5.2.1), and that a PUBREL was for nothing (0x92, 3.7.2.1);
- it may deliver a QoS 2 message before or after it acknowledges it (4.3.3, figure 4.3), so that a PUBLISH and an
  answer that are both due may come in either order.

Each time one of the last five is used, the test says so in a line that begins with `lacewing:`.
"""

import ssl  # Before `socket.socket` is another, which it builds on.

_REASON_STRING = 0x1F

# Where the properties of a packet type begin, from the first byte after the fixed header.
_PROPERTIES_AT = {0x20: 2, 0x40: 3, 0x50: 3, 0x60: 3, 0x70: 3, 0x90: 2, 0xB0: 2, 0xE0: 1, 0xF0: 1}

# How many bytes the value of a property has; -1 counts a string, -2 a pair of strings, -3 a variable byte integer.
_SIZES = {
    0x01: 1, 0x02: 4, 0x03: -1, 0x08: -1, 0x09: -1, 0x0B: -3, 0x11: 4, 0x12: -1, 0x13: 2, 0x15: -1, 0x16: -1,
    0x17: 1, 0x18: 4, 0x19: 1, 0x1A: -1, 0x1C: -1, 0x1F: -1, 0x21: 2, 0x22: 2, 0x23: 2, 0x24: 1, 0x25: 1,
    0x26: -2, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}


def _varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _string(data, at):
    return at + 2 + struct.unpack_from("!H", data, at)[0]


def _properties(data):
    """The properties in `data`, in order, as identifier and bytes."""
    found, at = [], 0
    while at < len(data):
        begin, size = at, _SIZES[data[at]]
        at += 1
        if size > 0:
            at += size
        elif size == -3:
            _, at = _varint(data, at)
        else:
            for _ in range(-size):
                at = _string(data, at)
        found.append((data[begin], data[begin:at]))
    return found


def _packets(data):
    """Cuts `data` into packets: first byte and what follows the fixed header."""
    packets, at = [], 0
    while at < len(data):
        size, body = _varint(data, at + 1)
        packets.append((data[at], data[body:body + size]))
        at = body + size
    return packets


def _plain(first, body):
    """A packet as it is compared: without Reason Strings, properties in order, without what may be left out."""
    kind = first & 0xF0
    if kind == 0x30:
        at = _string(body, 0) + (2 if first & 0x06 else 0)
    elif kind in _PROPERTIES_AT:
        at = _PROPERTIES_AT[kind]
    else:
        return first, body
    try:
        size, begin = _varint(body, at) if at < len(body) else (0, at)
        properties = _properties(body[begin:begin + size])
    except (IndexError, KeyError, struct.error):
        return first, body  # 3.1.1 has none.
    rest = body[begin + size:]
    properties = sorted(data for identifier, data in properties if identifier != _REASON_STRING)
    head = body[:at]
    if not properties and kind in (0x40, 0x50, 0x60, 0x70, 0xE0, 0xF0) and len(head) == at and head[-1] == 0:
        head = head[:-1]
    return first, head, properties, rest


def _receive_packet(sock):
    data = b""
    while len(data) < 2 or (data[-1] & 0x80 and len(data) < 5):
        byte = _receive(sock, 1)
        if not byte:
            return data
        data += byte
    size, _ = _varint(data, 1)
    while size > 0:
        piece = _receive(sock, size)
        if not piece:
            return data
        data += piece
        size -= len(piece)
    return data


def _note(what):
    print("lacewing: " + what)


# What came before it was due, by socket.
_early = {}


def _next_packet(sock):
    waiting = _early.get(sock)
    return waiting.pop(0) if waiting else _receive_packet(sock)


_PUBLISH = 0x30
_ANSWERS = (0x40, 0x50, 0x70)


def _may_come_first(packet, due):
    """Whether `packet` is an answer where a message is due, or the other way round."""
    kinds = packet[0] & 0xF0, due & 0xF0
    return (kinds[0] == _PUBLISH and kinds[1] in _ANSWERS) or (kinds[1] == _PUBLISH and kinds[0] in _ANSWERS)


def expect_packet(sock, name, expected):
    if not expected:
        return _expect_end(sock, name)
    received = b""
    for first, _ in _packets(expected):
        packet = _next_packet(sock)
        while packet and _may_come_first(packet, first):
            _note("a message and an answer come in the other order")
            _early.setdefault(sock, []).append(packet)
            packet = _receive_packet(sock)
        received += packet
    if packet_matches(name, received, expected):
        return True
    raise TestError


def _expect_end(sock, name):
    packet = _next_packet(sock)
    if not packet:
        return True
    is_refusal = packet[0] == 0x20 and packet[3] != 0
    if (is_refusal or packet[0] == 0xE0) and not _receive_packet(sock):
        _note("it says why before it closes")
        return True
    packet_matches(name, packet, b"")
    raise TestError


def receive_unordered(sock, recv1_packet, recv2_packet, error_string):
    due = _packets(recv1_packet + recv2_packet)
    received = [_next_packet(sock) for _ in due]
    if not all(received):
        raise ValueError(error_string)
    for packet in received:
        fitting = [other for other in due if _is_as_good(*_packets(packet), other)]
        if not fitting:
            packet_matches(error_string, packet, recv1_packet + recv2_packet)
            raise ValueError(error_string)
        due.remove(fitting[0])


class _Socket(socket.socket):
    """A socket that takes a DISCONNECT, and the end that follows, for the end."""

    def recv(self, *args):
        data = super().recv(*args)
        if data[:1] != b"\xe0":
            return data
        while super().recv(4096):
            pass
        _note("it says why before it closes")
        return b""


def _receive(sock, size):
    """What has come, a DISCONNECT too. Sockets with TLS are of a class of their own."""
    return super(_Socket, sock).recv(size) if isinstance(sock, _Socket) else sock.recv(size)


socket.socket = _Socket

_matches_exactly = packet_matches


def packet_matches(name, recvd, expected):
    try:
        got, due = _packets(recvd), _packets(expected)
        if len(got) == len(due) and all(map(_is_as_good, got, due)):
            return True
    except (IndexError, struct.error):
        pass
    return _matches_exactly(name, recvd, expected)


def _is_as_good(got, due):
    got, due = _plain(*got), _plain(*due)
    if got == due:
        return True
    reasons = _reason(got), _reason(due)
    if got[0] != due[0] or got[2:] != due[2:] or None in reasons:
        return False
    kind = got[0] & 0xF0
    if kind == 0x20 and set(reasons) in ({0x86, 0x87}, {4, 5}):
        _note("it refuses a client by the other name")
        return True
    if kind == 0xE0 and set(reasons) == {0x81, 0x82}:
        _note("it calls a bad packet by the other name")
        return True
    if got[1][:2] != due[1][:2]:
        return False
    if kind in (0x40, 0x50) and reasons == (0x10, 0):
        _note("it says that nobody subscribed")
        return True
    if kind == 0x70 and reasons == (0x92, 0):
        _note("it says that a PUBREL was for nothing")
        return True
    return False


def _reason(plain):
    """The reason code of an acknowledgement or a DISCONNECT; Success may be left out."""
    at = {0x20: 1, 0x40: 2, 0x50: 2, 0x60: 2, 0x70: 2, 0xE0: 0}.get(plain[0] & 0xF0)
    if at is None or len(plain) < 3:
        return None
    return plain[1][at] if len(plain[1]) > at else 0

"""A client that keeps no rule: raw HTTP requests and WebSocket frames of any shape."""

import base64
import os
import socket
import struct

TEXT, BINARY, CONTINUED, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


def request(target, *, host, origin=None, upgrade=False, extra=(), method="GET"):
    """The bytes of a request; ``host`` and ``origin`` may be a list (sent as often) or None."""
    lines = [f"{method} {target} HTTP/1.1"]
    for name, value in (("Host", host), ("Origin", origin)):
        values = value if isinstance(value, list) else [value]
        lines += [f"{name}: {each}" for each in values if each is not None]
    if upgrade:
        key = base64.b64encode(os.urandom(16)).decode()
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Key: {key}"]
    return "\r\n".join([*lines, *extra, "", ""]).encode("utf-8", "surrogateescape")


def open_socket(port, seconds=5.0):
    return socket.create_connection(("127.0.0.1", port), seconds)


def ask(port, data):
    """(status, everything that came back); status 0 when the connection was just closed."""
    with open_socket(port) as wire:
        wire.sendall(data)
        answer = b""
        try:
            while piece := wire.recv(65536):
                answer += piece
                if answer.startswith(b"HTTP/1.1 101"):
                    break
        except ConnectionResetError:
            pass
    first = answer.split(b"\r\n", 1)[0].split(b" ")
    return (int(first[1]) if len(first) > 1 else 0), answer


class RawWebSocket:
    """A WebSocket whose frames are made by hand."""

    def __init__(self, port, origin, extra=()):
        self.wire = open_socket(port, 10)
        host = f"127.0.0.1:{port}"
        self.wire.sendall(request("/v1", host=host, origin=origin, upgrade=True, extra=extra))
        self.answer = b""
        while b"\r\n\r\n" not in self.answer:
            piece = self.wire.recv(65536)
            assert piece, self.answer
            self.answer += piece
        assert self.answer.startswith(b"HTTP/1.1 101"), self.answer

    def frame(self, opcode, payload=b"", *, fin=True, rsv1=False, claim=None):
        """Send one frame, masked; ``claim`` says another length than the payload has."""
        self.wire.sendall(frame(opcode, payload, fin=fin, rsv1=rsv1, claim=claim))

    def closed_with(self):
        """The close code of the other side; 0 when it just hung up."""
        told = self.answer.split(b"\r\n\r\n", 1)[1]
        try:
            while piece := self.wire.recv(65536):
                told += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
        at = told.rfind(b"\x88")
        return struct.unpack(">H", told[at + 2 : at + 4])[0] if at >= 0 else 0

    def close(self):
        self.wire.close()


def frame(opcode, payload=b"", *, fin=True, rsv1=False, claim=None):
    length = len(payload) if claim is None else claim
    head = bytes(((0x80 if fin else 0) | (0x40 if rsv1 else 0) | opcode,))
    if length < 126:
        head += bytes((0x80 | length,))
    elif length < 65536:
        head += b"\xfe" + struct.pack(">H", length)
    else:
        head += b"\xff" + struct.pack(">Q", length)
    return head + bytes(4) + payload  # a mask of zeros is a mask

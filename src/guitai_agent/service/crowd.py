"""Connections before and beneath the messages: half requests, crowds, control frames.

A web page cannot send pings or hold a request back, but any program on the PC can. What is open
but has not asked anything yet gives way to who comes later, so that a page that speaks properly
always finds a place (agent-protocol.md §2).
"""

import asyncio

from websockets.asyncio.server import ServerConnection
from websockets.frames import DATA_OPCODES, Frame, Opcode
from websockets.http11 import Request

from .guard import Bucket, Refusals

MOST_KNOCKING = 64
MOST_SEATS = 300
MOST_STRANGERS = 16
MOST_WAITING_PER_ORIGIN = 8
MOST_PER_ORIGIN = 40
CONTROL_FRAMES = (50, 10)
"""Pings, pongs and continued frames: so many at once, then so many a second."""


class Seat:
    """One WebSocket from the moment the door lets it in. ``authenticated`` is told later."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.authenticated = False


class Crowd:
    """Everybody who is connected now; lives on the event loop."""

    def __init__(self, refusals: Refusals) -> None:
        self.refusals = refusals
        self._knocking: dict[ServerConnection, None] = {}
        self._seats: dict[ServerConnection, Seat] = {}

    def knock(self, connection: ServerConnection) -> None:
        """Somebody connected; who has been silent for longest has to go when there are too many."""
        self._knocking[connection] = None
        if len(self._knocking) > MOST_KNOCKING:
            oldest = next(iter(self._knocking))
            del self._knocking[oldest]
            self.refusals.note("half_request", "too many at once")
            oldest.transport.abort()

    def ask(self, connection: ServerConnection) -> None:
        self._knocking.pop(connection, None)

    def seat(self, connection: ServerConnection, origin: str, *, known: bool) -> Seat | None:
        """A place for a WebSocket, or None: taken at once, so that a rush cannot overtake it.

        A program that only claims a paired page's origin cannot authenticate: where such ones have
        taken that page's places, the one that waits longest makes room.
        """
        if known:
            self._make_room(origin)
        waiting = [seat for seat in self._seats.values() if not seat.authenticated]
        same_waiting = sum(seat.origin == origin for seat in waiting)
        same = sum(seat.origin == origin for seat in self._seats.values())
        full = (
            len(self._seats) >= MOST_SEATS
            or same >= MOST_PER_ORIGIN
            or same_waiting >= MOST_WAITING_PER_ORIGIN
            or (not known and len(waiting) >= MOST_STRANGERS)
        )
        if full:
            return None
        self._seats[connection] = seat = Seat(origin)
        return seat

    def _make_room(self, origin: str) -> None:
        waiting = [
            connection
            for connection, seat in self._seats.items()
            if seat.origin == origin and not seat.authenticated
        ]
        if len(waiting) >= MOST_WAITING_PER_ORIGIN:
            del self._seats[waiting[0]]
            self.refusals.note("too_many_connections", origin)
            waiting[0].transport.abort()

    def seat_of(self, connection: ServerConnection) -> Seat | None:
        """Its place; None when it has gone or had to go meanwhile."""
        return self._seats.get(connection)

    def leave(self, connection: ServerConnection) -> None:
        if connection in self._knocking:  # never finished its request
            self.refusals.note("half_request", "no request")
        self._knocking.pop(connection, None)
        self._seats.pop(connection, None)


class GuardedConnection(ServerConnection):
    """A connection the crowd knows of; ``crowd`` is set by the door's own subclass."""

    crowd: Crowd

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._control = Bucket(*CONTROL_FRAMES)
        self.crowd.knock(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.crowd.leave(self)
        super().connection_lost(exc)

    def process_event(self, event: Request | Frame) -> None:  # type: ignore[override]  # Event
        if not isinstance(event, Frame):
            self.crowd.ask(self)
        elif (
            event.opcode not in DATA_OPCODES or event.opcode is Opcode.CONT
        ) and not self._control.take():
            self.crowd.refusals.note("control_frames", self._origin())
            self.transport.abort()
            return
        super().process_event(event)

    def _origin(self) -> str:
        return "" if self.request is None else self.request.headers["Origin"]

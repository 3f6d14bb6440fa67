"""``python -m guitai.relay.process``: the relay until SIGTERM. ``guitai relay`` is the same.

It may be killed at any moment: both sides connect again, and nothing was only here.
"""

import asyncio
import logging
import os
import signal
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guitai.config.settings")

import django

log = logging.getLogger("guitai.relay")


async def serve(host: str, port: int) -> None:
    """Listens until a signal."""
    from guitai.devices.services.agents import ticket_key
    from guitai.relay.books import Books
    from guitai.relay.door import Relay

    books = Books()
    relay = Relay(books, ticket_key())
    bound = await relay.open(host, port)
    log.info("relay listens on %s:%d", host, bound)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    await relay.close()
    books.close()


def main(host: str = "", port: int = 0) -> int:
    """Runs until SIGTERM or SIGINT; returns the exit status (3: the port is taken)."""
    django.setup()
    from django.conf import settings

    host = host or os.environ.get("GUITAI_RELAY_HOST", "127.0.0.1")
    try:
        asyncio.run(serve(host, port or settings.GUITAI_RELAY_PORT))
    except OSError as error:
        print(f"轉送程式無法監聽 {host}：{error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())

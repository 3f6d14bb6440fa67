"""One web port, one installation: the system itself would let two share it (SO_REUSEPORT)."""

import socket

import pytest

from guitai.config import processes


@pytest.fixture
def port():
    return processes.free_port(28000)


def sharing(port):
    """Listens as the web server's workers do."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def test_the_system_alone_would_let_two_share_a_port(port):
    with sharing(port), sharing(port):
        pass


def test_a_port_somebody_serves_is_refused_in_words(port):
    with (
        sharing(port),
        pytest.raises(processes.PortInUse, match=f"連接埠 {port} 已被"),
        processes.holding(port),
    ):
        pass


def test_two_that_start_at_once_do_not_both_get_it(port):
    """Nobody listens yet: the name is what the second one meets."""
    with processes.holding(port):
        assert processes.is_free(port)
        with pytest.raises(processes.PortInUse), processes.holding(port):
            pass


def test_the_holder_may_serve_and_lets_go_at_its_end(port):
    with processes.holding(port), sharing(port):
        assert processes.answers(port)
    with processes.holding(port):
        pass

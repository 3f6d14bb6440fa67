"""The bench's counter gets ports of its own, or the bench says that it did not."""

import json

import pytest

from guitai.config import processes
from tests.bench import checkout, counter


def test_a_port_that_another_installation_holds_is_not_taken(monkeypatch):
    monkeypatch.setattr(counter.random, "sample", lambda *_: [20_111, 20_112])
    with processes.holding(20_111):
        assert counter.unreserved(1) == [20_112]
        with pytest.raises(counter.PortTaken):
            counter.unreserved(2)


def test_a_port_that_is_taken_after_all_is_told_and_nothing_is_left(tmp_path):
    house = counter.Counter(tmp_path)
    with processes.holding(house.server_port):
        with pytest.raises(counter.PortTaken, match=str(house.server_port)):
            house.__enter__()
        assert house.process.poll() is not None


def test_the_first_start_is_tried_again_and_says_so(monkeypatch, capsys):
    answers = iter([counter.PortTaken("18000"), 4.2])

    def first_sale():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(checkout, "_first_sale", first_sale)
    checkout.first_start()
    said = json.loads(capsys.readouterr().out)
    assert (said["bench"], said["value"], said["tries"]) == ("first_start", 4.2, 2)


def test_the_first_start_is_never_left_out_in_silence(monkeypatch, capsys):
    def never():
        raise counter.PortTaken("18000")

    monkeypatch.setattr(checkout, "_first_sale", never)
    with pytest.raises(counter.PortTaken):
        checkout.first_start()
    assert capsys.readouterr().out == ""

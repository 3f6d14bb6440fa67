"""Every fault of the Mirle face, switched on and off while it runs (provider sheet §3.6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from guitai_sandbox.faults import CATALOGUE
from guitai_sandbox.tests.desk import SELLER, fields, sample

A01, C0401, C0501 = sample("mirle/a01"), sample("mirle/c0401"), sample("mirle/c0501")


def kept(desk) -> int:
    return len(desk.control("GET", "documents")["documents"])


def test_drop_reply_commits_first(stocked):
    stocked.fault("drop_reply", times=1, message="C0401")
    assert stocked.raw(A01).drop is False, "only C0401 is narrowed in"
    assert stocked.raw(C0401).drop is True
    assert kept(stocked) == 1
    assert stocked.post(C0401)["MESSAGE"].startswith("重複上傳，內容相同")


def test_close_before_commit_keeps_nothing(stocked):
    stocked.fault("close_before_commit", times=1)
    assert stocked.raw(C0401).drop is True
    assert kept(stocked) == 0
    assert stocked.post(C0401)["REPLY"] == "1"


def test_duplicate_works_the_message_twice_and_keeps_one(stocked):
    stocked.fault("duplicate", times=1)
    assert stocked.post(C0401)["MESSAGE"].startswith("重複上傳，內容相同")
    assert kept(stocked) == 1
    stocked.fault("duplicate", times=1)
    assert stocked.post(A01)["MESSAGE"] == "無可用發票號碼", "the first time took the last numbers"
    grants = stocked.control("GET", "state")["grants"]
    assert [one["end"] for one in grants] == ["00000249", "00000299"]


@pytest.mark.parametrize(("commit", "count"), [(False, 0), (True, 1)])
def test_storm_lasts_n_requests(stocked, commit, count):
    stocked.fault("storm_5xx", times=2, status=502, commit=commit)
    answers = [stocked.raw(C0401) for _ in range(2)]
    assert [one.status for one in answers] == [502, 502]
    assert b"<INDEX>" not in answers[0].body
    assert kept(stocked) == count
    assert stocked.raw(C0401).status == 200


def test_wrong_charset_says_utf8_and_sends_cp950(stocked):
    stocked.fault("wrong_charset")
    answer = stocked.raw(C0501)
    assert "utf-8" in answer.content_type
    with pytest.raises(UnicodeDecodeError):
        answer.body.decode("utf-8")
    assert fields(answer.body.decode("cp950"))["MESSAGE"].startswith("查無原單據")


def test_dollar_range_is_handed_out_and_readable_again(desk):
    desk.fault("dollar_range", times=1)
    assert desk.post(A01)["INVOICESTART"] == "$$000000"
    listed = desk.raw(
        A01.replace("INDEX", "Invoice")
        .replace("FUNCTIONCODE", "INVOICE_CODE")
        .replace("A01", "A02")
    ).body.decode()
    assert "<INVOICESTART>00000000</INVOICESTART>" in listed
    assert desk.post(A01)["INVOICESTART"] == "00000250"


def test_exhausted_until_switched_off(desk):
    desk.fault("exhausted")
    assert [desk.post(A01)["MESSAGE"] for _ in range(2)] == ["無可用發票號碼"] * 2
    desk.fault("exhausted", on=False)
    assert desk.post(A01)["REPLY"] == "1"


def test_exhausted_with_times_is_spent_although_the_message_is_refused(desk):
    desk.fault("exhausted", times=1)
    assert desk.post(A01)["REPLY"] == "0"
    desk.fault("slow", seconds=0)
    assert [one["name"] for one in desk.control("GET", "faults")["on"]] == ["slow"]
    assert desk.post(A01)["REPLY"] == "1"


def test_range_twice(desk):
    first = desk.post(A01)
    desk.fault("range_twice", times=1)
    assert desk.post(A01)["INVOICESTART"] == first["INVOICESTART"]
    assert desk.post(A01)["INVOICESTART"] == "00000250"


def test_slow_answers_late_but_has_committed(stocked):
    stocked.fault("slow", seconds=2.5)
    assert stocked.raw(C0401).delay == 2.5
    assert kept(stocked) == 1


def test_suspended(stocked):
    stocked.fault("suspended", seller=SELLER)
    assert stocked.post(C0401)["MESSAGE"].startswith("帳號停用")
    assert kept(stocked) == 0


@pytest.mark.parametrize(("commit", "count"), [(True, 1), (False, 0)])
def test_garbage(stocked, commit, count):
    stocked.fault("garbage", times=1, commit=commit)
    answer = stocked.raw(C0401)
    assert answer.status == 200 and answer.body.startswith(b"<html>")
    assert kept(stocked) == count


def test_out_of_order_refuses_a_lower_number(stocked):
    stocked.fault("out_of_order")
    assert stocked.post(C0401)["REPLY"] == "1"
    assert stocked.post(C0401.replace("AB00000036", "AB00000035"))["REPLY"] == "0"
    assert stocked.reason() == "S306"
    assert stocked.post(C0401.replace("AB00000036", "AB00000037"))["REPLY"] == "1"


def test_clock_skew(stocked):
    stocked.fault("clock_skew", seconds=-3600)
    y01 = A01.replace("A01", "Y01")
    assert stocked.post(y01)["SYSTIME"] == "2026-07-05 11:00:00"
    stocked.fault("clock_skew", on=False)
    assert stocked.post(y01)["SYSTIME"] == "2026-07-05 12:00:00"


def test_faults_survive_a_restart_and_all_go_at_once(stocked):
    stocked.fault("storm_5xx", times=2)
    stocked.raw(C0401)
    stocked.open()
    assert stocked.raw(C0401).status == 503
    assert stocked.raw(C0401).status == 200
    stocked.fault("slow", seconds=1)
    assert stocked.control("POST", "faults", on=False)["on"] == []


@pytest.mark.parametrize(
    "order",
    [
        {"name": "no_such"},
        {"name": "slow", "face": "moon"},
        {"name": "slow", "times": 0},
        {"name": "slow", "minutes": 1},
        {"name": "never_answer"},
        {"name": "slow", "seconds": "soon"},
    ],
)
def test_an_order_nobody_can_obey_is_refused(desk, order):
    with pytest.raises(AssertionError, match="error"):
        desk.control("POST", "faults", **order)


def test_every_fault_of_the_catalogue_is_tested_here():
    text = Path(__file__).read_text("utf-8")
    assert [name for name in CATALOGUE["mirle"] if f'"{name}"' not in text] == []

"""Clock, ids, money, errors, text: what needs no database."""

import importlib
import importlib.util
from datetime import UTC, date, datetime, timedelta

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from guitai.kernel import clock, ids, money, text
from guitai.kernel.errors import BadInput, Conflict, GuitaiError


def test_a_business_day_begins_at_midnight_in_taipei():
    with clock.moved(datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC)):
        assert clock.today() == date(2026, 11, 21)
    with clock.moved(datetime(2026, 11, 21, 16, 0, tzinfo=UTC)):
        assert clock.today() == date(2026, 11, 22)


def test_the_clock_takes_aware_moments_only_and_moves_back_by_itself():
    moment = datetime(2020, 1, 1)  # noqa: DTZ001 - the naive moment is the point
    with pytest.raises(ValueError, match="aware"), clock.moved(moment):
        pass
    with clock.moved(datetime(2020, 1, 1, tzinfo=UTC)):
        assert clock.now().year == 2020
    assert clock.now().year > 2020


def test_one_file_moves_every_process_at_once(tmp_path, monkeypatch):
    offset = tmp_path / "offset"
    monkeypatch.setenv("GUITAI_CLOCK_OFFSET_FILE", str(offset))
    before = clock.now()
    offset.write_text("86400\n")
    assert timedelta(hours=23) < clock.now() - before < timedelta(hours=25)
    offset.write_text("")
    assert clock.now() - before < timedelta(hours=1)


def test_ids_are_uuid7_and_ascend_in_time():
    made = [ids.new_id() for _ in range(1_000)]
    assert {one.version for one in made} == {7}
    assert len(set(made)) == 1_000
    assert [one.int >> 80 for one in made] == sorted(one.int >> 80 for one in made)


@pytest.mark.parametrize(("value", "amount"), [(5, 5), ("120", 120), ("120.00", 120), ("-3", -3)])
def test_whole_dollars(value, amount):
    assert money.whole_twd(value) == amount


@pytest.mark.parametrize("value", [1.0, True, "1.5", "x", "", None, "NaN", "Infinity"])
def test_what_is_no_whole_dollar(value):
    with pytest.raises((ValueError, OverflowError)):
        money.whole_twd(value)


@given(st.integers(min_value=-money.MAX_TWD, max_value=money.MAX_TWD))
def test_shown_money_reads_back(amount):
    assert int(money.shown(amount).replace(",", "")) == amount


class Sample(Conflict):
    code = "GT-SAMPLE"
    sentence = "「{name}」用了 {count} 次。"


def test_an_error_says_its_sentence_and_answers_as_every_endpoint_does():
    error = Sample(field="name", name="甲", count=3)
    assert str(error) == error.message == "「甲」用了 3 次。"
    assert error.as_dict() == {
        "error": {
            "code": "GT-SAMPLE",
            "message": "「甲」用了 3 次。",
            "field": "name",
            "params": {"name": "甲", "count": 3},
        }
    }
    assert error.status == 409


def test_a_missing_or_odd_parameter_never_hides_the_error():
    assert Sample(name="甲").message == "「甲」用了 （count） 次。"
    assert Sample(day=date(2026, 1, 1)).as_dict()["error"]["params"]["day"] == "2026-01-01"


def test_a_parameter_with_braces_stays_text():
    assert BadInput(detail="{code}").message == "輸入的內容有誤：{code}"


def all_errors():
    waiting, found = [GuitaiError], []
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting.extend(kind.__subclasses__())
    return found


def test_every_error_of_every_room_has_its_own_code_a_status_and_a_chinese_sentence():
    """Codes are what other systems act on: two errors under one code could not be told apart."""
    rooms = [app.name for app in apps.get_app_configs() if app.name.startswith("guitai.")]
    for room in rooms:
        if importlib.util.find_spec(f"{room}.errors"):
            importlib.import_module(f"{room}.errors")
    by_code = {}
    for kind in all_errors():
        if not kind.__module__.endswith(".errors"):
            continue
        by_code.setdefault(kind.code, []).append(f"{kind.__module__}.{kind.__name__}")
        assert 400 <= kind.status < 600
        chinese = any("\u4e00" <= c <= "\u9fff" for c in kind.sentence)
        assert chinese or kind.sentence in {"{first}", "{detail}", "{message}"}, kind
    assert {code: names for code, names in by_code.items() if len(names) > 1} == {}


@pytest.mark.parametrize(
    ("character", "wrong"),
    [
        ("\x00", "控制字元"), ("\n", "控制字元"), ("\u200d", "看不見的格式字元"),
        ("\ue123", "造字（私人使用區）"), ("\ud800", "不完整的字元"), ("\uffff", "未定義的字元"),
        ("😀", "表情符號"), ("\ufe0f", "表情符號"), ("\u20e3", "表情符號"), ("☂", "特殊符號"),
        ("★", ""), ("○", ""), ("℃", ""), ("中", ""), ("é", ""), ("𠮷", ""), ("+", ""), ("　", ""),
    ],
)  # fmt: skip
def test_which_characters_a_name_may_hold(character, wrong):
    assert text.fault_of(character) == wrong


def test_the_first_fault_is_counted_as_people_count():
    assert text.first_fault("甲乙😀丙\x00") == (3, "😀（U+1F600）", "表情符號")
    assert text.first_fault("甲\x07") == (2, "U+0007", "控制字元")
    assert text.first_fault("甲乙") is None


def test_tidying_joins_accents_and_trims():
    assert text.tidy("  Cafe\u0301\u00a0") == "Café"

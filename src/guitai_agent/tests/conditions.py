"""Every condition of printing.md §5–§6 that can be played here: how to trip it, what it is called.

One list for the tests and for ``python -m tests.bench conditions``.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from guitai_agent.drivers.opening import PROBE_SECONDS
from guitai_agent.knowledge import profile, remedy
from guitai_agent.tests.rig import until
from guitai_agent.tests.stage import PATIENCE, Squatter, Stage
from twinvoice import paper

LIMIT = 1.0
BOTH, PTY, TCP = ("pty", "tcp"), ("pty",), ("tcp",)
SLOW = 6_000
SEARCH = len(profile("PP-8800").lines()) * PROBE_SECONDS
"""Seconds in which a moved switch is found: every speed with every flow control, once."""

Act = Callable[[Stage], object]


@dataclass(frozen=True)
class Condition:
    """``trip`` breaks something and returns the moment from which it could be known (None: now).

    ``codes`` are what pages must hear, the named condition first; ``check`` looks closer while it
    lasts; ``mend`` is what a person does, empty when it cures itself within ``cure`` seconds.
    """

    name: str
    zh: str
    codes: tuple[str, ...]
    trip: Act
    mend: Act = lambda stage: None
    check: Act = lambda stage: None
    wires: tuple[str, ...] = BOTH
    cure: float = 8.0
    by_itself: str = ""


def play(stage, condition):
    """Trip, listen, mend, listen; seconds until pages heard of it, and until all was well."""
    stage.doctor.answer("noise", False)  # openings of the cover are counted over minutes
    stage.wait_green()
    began = time.monotonic()
    observable = condition.trip(stage) or began
    seconds = stage.heard_since(observable, condition.codes, LIMIT + 3) - observable
    _has_a_cure(stage, condition.codes[0])
    condition.check(stage)
    condition.mend(stage)
    mended = time.monotonic()
    stage.settle_uncertain()
    stage.wait_green(condition.cure)
    return seconds, time.monotonic() - mended


def _has_a_cure(stage, code):
    """The finding tells the book's words and steps for this model."""
    said = [f for word in stage.words for f in word.health["findings"] if f["code"] == code]
    words = remedy(code, "PP-8800")
    assert said[-1]["message"], code
    assert tuple(said[-1]["steps"]) == words.steps
    assert words.steps, f"{code} is not explained"


# -- acts ---------------------------------------------------------------------------------------


def fault(*names):
    def trip(stage):
        for name in names:
            stage.printer.set_fault(name, True)

    return trip


def mended(*names):
    def mend(stage):
        for name in names:
            stage.printer.set_fault(name, False)

    return mend


def in_a_job(act):
    """Break it when a part of a job is on paper."""

    def trip(stage):
        stage.printer.rate = SLOW
        before = stage.printer.consumed
        stage.broken = stage.submit()
        until(lambda: stage.printer.consumed > before + 700)
        observable = act(stage)
        stage.receipts_before = len(stage.printer.receipts)
        return observable or time.monotonic()

    return trip


def next_job_is_clean(act):
    """Mend it; then the next job stands alone on its paper, and the broken one came out no more."""

    def mend(stage):
        stage.wait(stage.broken, "uncertain")
        stage.printer.rate = 0
        act(stage)
        following = stage.submit()
        stage.wait(following, "done")
        assert stage.whole().count(stage.broken[-8:]) <= 1
        assert stage.whole()[-1] == following[-8:]
        assert stage.broken[-8:] not in stage.printer.receipts[-1].text

    return mend


def roll_ends(stage):
    """The job's paper is longer than what is left on the roll."""
    stage.printer.load_paper(40, near_mm=10)
    stage.printer.rate = SLOW
    stage.broken = stage.submit()
    until(lambda: "paper_end" in stage.printer.faults)
    assert "near_end" in stage.printer.faults
    assert stage.printer.beeper == "continuous"
    return time.monotonic()


def fence_is_lost(stage):
    """The paper is whole, but nobody says so."""
    stage.printer.set_fault("lost_fence", True)
    stage.broken = stage.submit()
    before = len(stage.printer.receipts)
    until(lambda: len(stage.printer.receipts) > before)
    return time.monotonic() + PATIENCE


def stops_taking(stage):
    """A long slip, and a head that crawls: everything fills up."""
    stage.printer.rate = 1
    slip = (*(paper.Text(f"明細 {n:04}　這一行是為了夠長") for n in range(1_500)), paper.Cut())
    stage.broken = stage.submit(slip)
    stage.wait(stage.broken, "sending")
    return time.monotonic() + PATIENCE


def power_is_cut(stage):
    stage.printer.power_cycle(0.5)
    if stage.wire == "tcp":
        stage.line.drop_connection()
        return time.monotonic()
    return time.monotonic() + PATIENCE  # the line itself stays: only the missing answer tells


def held_by_another(stage):
    """Another program is faster when the printer is plugged in again."""
    stage.pull()
    stage.listed = False
    stage.plug()
    stage.squatter = Squatter(stage.line.path)
    stage.listed = True
    return time.monotonic()


def used_by_another(stage):
    stage.line.jealous = True
    stage.line.drop_connection()
    return time.monotonic()


def port_is_denied(stage):
    stage.refusal = "PORT_DENIED"
    stage.line.drop_connection()


def driver(**what):
    def trip(stage):
        stage.driver_says(**what)
        stage.line.pull()
        return time.monotonic()

    return trip


def switch_moved(**switches):
    def trip(stage):
        for name, value in switches.items():
            setattr(stage.line, name, value)

    return trip


def switches_back(stage):
    """And the agent, which had found the printer, loses it once more before it finds it again."""
    moment = time.monotonic()
    if stage.report().online:
        stage.line.speed, stage.line.xonxoff = 38400, True
        stage.heard_since(moment, ("PRN_SILENT",), 3)
    stage.line.speed, stage.line.xonxoff = 38400, True


def found_by_itself(stage):
    stage.wait_green(SEARCH + 2)


def test_print(stage):
    job = stage.agent.desk.selftest("test", "agent:")
    stage.wait(job.job_id, "done")
    stage.heard_since(0, ("TEST_PRINTED",), 2)


def blank(stage):
    stage.printer.set_fault("blank", True)
    test_print(stage)
    assert not stage.printer.receipts[-1].page.any()
    stage.doctor.answer("readable", False)


def readable(stage):
    stage.printer.set_fault("blank", False)
    test_print(stage)
    stage.doctor.answer("readable", True)
    stage.doctor.answer("noise", False)


def noisy(stage):
    stage.doctor.answer("noise", True)


def quiet(stage):
    stage.doctor.answer("noise", False)


def cover_again_and_again(stage):
    for _ in range(3):
        for on in (True, False):
            stage.printer.set_fault("cover_open", on)
            until(lambda on=on: bool(stage.report().state.cover_open) is on)


def waits(stage):
    stage.printer.set_fault("cover_open", True)
    stage.heard_since(0, ("COVER_OPEN",), 2)
    stage.waiting = stage.submit()
    return time.monotonic()


def went_on(stage):
    stage.printer.set_fault("cover_open", False)
    stage.wait(stage.waiting, "done")


def still_prints(stage):
    stage.wait(stage.submit(), "done")
    assert stage.printer.beeper == "every 3 s"


def does_not_print(stage):
    found = stage.words[-1].health["findings"][0]
    assert (found["level"], found["hop"]) == ("error", "paper")
    stage.waiting = stage.submit()
    stage.wait(stage.waiting, "waiting")


def paper_changed(stage):
    mended("near_end", "near_end_halts")(stage)
    stage.wait(stage.waiting, "done")


def unpaired(stage):
    for each in stage.agent.pairing.pairings():
        stage.agent.pairing.remove(each.id)


def paired(stage):
    stage.pair()


def clock_off(seconds):
    def trip(stage):
        now = time.time()
        stage.doctor.tell_time(now + seconds, "page")

    return trip


def clock_right(stage):
    stage.doctor.tell_time(time.time(), "page")


def cools_down(stage):
    stage.printer.set_fault("hot", True, seconds=1.2)


def hot_in_a_job(stage):
    stage.printer.set_fault("hot", True, seconds=1.2)
    return time.monotonic()


def went_on_printing(stage):
    stage.printer.rate = 0
    stage.wait(stage.broken, "done")
    assert stage.whole()[-1] == stage.broken[-8:]


SENSORS = (
    ("paper_end", "紙張用完", "PAPER_END"),
    ("cover_open", "上蓋打開", "COVER_OPEN"),
    ("cutter", "裁刀卡住", "CUTTER_ERR"),
    ("fatal", "無法復原的故障", "PRN_FATAL"),
)


def _sensors():
    for name, zh, code in SENSORS:
        yield Condition(f"{name}", f"{zh}（閒置時）", (code,), fault(name), mended(name))
        yield Condition(
            f"{name}_in_job", f"{zh}（列印途中）", (code, "JOB_UNCERTAIN"),
            in_a_job(fault(name)), next_job_is_clean(mended(name)),
        )  # fmt: skip


PAPER = (
    Condition(
        "roll_ends", "紙捲在列印途中用完", ("PAPER_END", "JOB_UNCERTAIN"),
        roll_ends, next_job_is_clean(mended("paper_end", "near_end")),
    ),
    Condition(
        "near_end", "紙捲將盡（仍可列印）", ("PAPER_NEAR",),
        fault("near_end"), mended("near_end"), still_prints,
    ),
    Condition(
        "near_end_blocks", "紙捲將盡（機器停止接收）", ("PAPER_NEAR_HALT",),
        fault("near_end_halts", "near_end"), paper_changed, does_not_print,
    ),
    Condition("blank", "印出空白（紙捲放反）", ("BLANK_SUSPECT",), blank, readable),
    Condition("noise", "有異音（人員回報）", ("JAM_SUSPECT",), noisy, quiet),
    Condition(
        "cover_toggles", "上蓋反覆開關", ("JAM_SUSPECT",), cover_again_and_again, readable,
    ),
)  # fmt: skip

PRINTER = (
    Condition(
        "hot", "印字頭過熱（閒置時）", ("PRN_HOT",), cools_down, by_itself="冷卻後自動恢復",
    ),
    Condition(
        "hot_in_job", "印字頭過熱（列印途中）", ("PRN_HOT",), in_a_job(hot_in_a_job),
        went_on_printing, by_itself="冷卻後自動印完",
    ),
    Condition("paused", "暫停（離線）", ("PRN_OFFLINE",), fault("paused"), mended("paused")),
    Condition("silent", "關機或無回應", ("PRN_SILENT",), fault("off"), mended("off")),
    Condition(
        "power_cycle_in_job", "列印途中斷電再開", ("JOB_UNCERTAIN",), in_a_job(power_is_cut),
        next_job_is_clean(lambda stage: None), by_itself="自動重新連線；單據由人員確認",
    ),
    Condition(
        "ignores_clear", "列印途中缺紙，機器不理會清除指令", ("PAPER_END", "JOB_UNCERTAIN"),
        in_a_job(fault("ignores_clear", "paper_end")),
        next_job_is_clean(mended("paper_end", "ignores_clear")),
    ),
    Condition(
        "stalled", "列印途中停止接收資料", ("JOB_UNCERTAIN",), stops_taking,
        next_job_is_clean(lambda stage: None),
    ),
    Condition("job_waiting", "單據等待列印", ("JOB_WAITING",), waits, went_on),
)  # fmt: skip

LINE = (
    Condition(
        "late_reply", "狀態回覆慢 2 秒", ("PRN_SILENT",), fault("late_reply"), mended("late_reply"),
    ),
    Condition(
        "garbage", "線路雜訊中打開上蓋", ("COVER_OPEN",), fault("garbage", "cover_open"),
        mended("cover_open", "garbage"), by_itself="雜訊不影響判讀",
    ),
    Condition(
        "half_asb", "自動狀態只到一半", ("COVER_OPEN",), fault("half_asb", "cover_open"),
        mended("cover_open", "half_asb"), by_itself="半截狀態丟棄，改以詢問得知",
    ),
    Condition(
        "lost_fence", "印完的回報遺失", ("JOB_UNCERTAIN",), fence_is_lost,
        next_job_is_clean(mended("lost_fence")),
    ),
    Condition(
        "wrong_speed", "鮑率開關被改為 19200", ("PRN_SILENT",), switch_moved(speed=19200),
        switches_back, found_by_itself, PTY, SEARCH + 2, "自動找到新的鮑率",
    ),
    Condition(
        "wrong_flow", "XON/XOFF 開關被改", ("PRN_SILENT",), switch_moved(xonxoff=False),
        switches_back, found_by_itself, PTY, SEARCH + 2, "自動找到新的設定",
    ),
    Condition(
        "unknown_speed", "鮑率開關被改為不支援的 4800", ("PRN_SILENT",), switch_moved(speed=4800),
        switches_back, wires=PTY, cure=2 * SEARCH,
    ),
    Condition(
        "port_busy", "連接埠被其他程式占用", ("PORT_BUSY",), held_by_another,
        lambda stage: stage.squatter.leave(), wires=PTY,
    ),
    Condition(
        "network_busy", "網路發票機正被其他程式使用", ("PORT_BUSY",), used_by_another,
        lambda stage: setattr(stage.line, "jealous", False), wires=TCP,
    ),
    Condition(
        "port_denied", "系統不允許使用連接埠", ("PORT_DENIED",), port_is_denied,
        lambda stage: setattr(stage, "refusal", ""), wires=PTY,
    ),
    Condition("unplugged", "USB 線被拔掉", ("USB_ABSENT",), Stage.pull, Stage.plug, wires=PTY),
    Condition(
        "unplugged_in_job", "列印途中 USB 線被拔掉", ("USB_ABSENT", "JOB_UNCERTAIN"),
        in_a_job(Stage.pull), next_job_is_clean(Stage.plug), wires=PTY,
    ),
    Condition(
        "network_down", "網路線被拔掉", ("NET_UNREACHABLE",), Stage.pull, Stage.plug, wires=TCP,
    ),
    Condition(
        "network_down_in_job", "列印途中網路線被拔掉", ("NET_UNREACHABLE", "JOB_UNCERTAIN"),
        in_a_job(Stage.pull), next_job_is_clean(Stage.plug), wires=TCP,
    ),
)  # fmt: skip

MACHINE = (
    Condition(
        "driver_missing", "驅動程式未安裝（代碼 28）", ("DRV_MISSING",),
        driver(kind="none", problem=28), Stage.driver_is_well, wires=PTY,
    ),
    Condition(
        "driver_unstarted", "驅動程式無法啟動（代碼 10）", ("DRV_MISSING",),
        driver(kind="none", problem=10), Stage.driver_is_well, wires=PTY,
    ),
    Condition(
        "driver_signature", "驅動程式簽章（代碼 52）", ("DRV_SIGNATURE",),
        driver(kind="none", problem=52), Stage.driver_is_well, wires=PTY,
    ),
    Condition(
        "driver_disabled", "裝置被停用（代碼 22）", ("DRV_DISABLED",),
        driver(kind="none", problem=22), Stage.driver_is_well, wires=PTY,
    ),
    Condition(
        "wrong_mode", "以印表機模式連線", ("USB_WRONG_MODE",),
        driver(kind="printer_class", problem=None), Stage.driver_is_well, wires=PTY,
    ),
    Condition("not_paired", "尚未配對", ("NOT_PAIRED",), unpaired, paired, wires=TCP),
    Condition(
        "clock_date", "裝置日期與伺服器不同", ("CLOCK_DATE",), clock_off(2 * 86_400), clock_right,
        wires=TCP,
    ),
)  # fmt: skip

CONDITIONS = (*_sensors(), *PAPER, *PRINTER, *LINE, *MACHINE)

"""What the doctor looks at: devices, the clock, the agent's folder; and what goes into evidence."""

import json
import sqlite3
import time
import zipfile
from dataclasses import replace
from io import BytesIO

import pytest

from guitai_agent.datadir import Lock, SettingsFile
from guitai_agent.doctor.bundle import MASK, job_name, masked, pack
from guitai_agent.doctor.direct import Direct
from guitai_agent.doctor.disk import LOW_BYTES, ROOM, JournalWatch
from guitai_agent.doctor.facts import Clock
from guitai_agent.doctor.probes import Eyes, vendor_of
from guitai_agent.doctor.timekeeper import KEPT_SECONDS, Timekeeper
from guitai_agent.drivers.pnp import UsbPresence
from guitai_agent.drivers.ports import Device
from guitai_agent.journal import Journal
from guitai_agent.journal.store import Submission
from guitai_agent.tests.rig import new_printer
from guitai_agent.virtual.server import PrinterServer

AURA = UsbPresence(0x0D3A, 0x0300, "A1", "1-2", "", 28, "none")
MOUSE = UsbPresence(0x046D, 0xC077, "", "1-3", "usbhid", None, "hid")
PP8800 = Device("usb:0d3a:0300:A1", "usb", "Posiflex PP-8800", "COM3", "PP-8800", 0x0D3A, 0x0300)
NOON = 1_795_233_600.0  # 2026-11-21 12:00 in Taipei


# -- eyes ---------------------------------------------------------------------------------------


def test_only_what_may_be_the_printer_counts():
    serial = Device("serial:COM1", "serial", "COM1", "COM1", "generic-80")
    nameless = Device("usblp:0000:0000:x", "usblp", "lp0", "/dev/usb/lp0", "generic-80")
    eyes = Eyes(lambda: [PP8800, serial, nameless], lambda: [AURA, MOUSE])
    eyes.look()
    assert eyes.plugged("") == (AURA,)
    assert eyes.plugged("usb:046d:c077:x") == (AURA, MOUSE)  # a person chose that maker's
    assert [each.id for each in eyes.candidates()] == [PP8800.id]
    assert eyes.ports() == 1


def test_a_look_that_fails_leaves_what_was_seen():
    answers = iter([[AURA], OSError("gone")])

    def presences():
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    eyes = Eyes(list, presences)
    eyes.look()
    eyes.look()
    assert eyes.plugged("") == (AURA,)


def test_a_slow_look_is_known_to_be_slow():
    eyes = Eyes(list, lambda: time.sleep(0.12) or [])
    assert eyes.quick
    eyes.look()
    assert not eyes.quick


@pytest.mark.parametrize(
    "device, vendor",
    [("usb:0d3a:0300:A1", 0x0D3A), ("usblp:04b8:0202:x", 0x04B8), ("serial:COM3", None),
     ("usb:/dev/ttyUSB0", None), ("tcp:10.0.0.9:9100", None), ("", None),
     ("usblp:0000:0000:x", None)],
)  # fmt: skip
def test_the_vendor_in_a_device_id(device, vendor):
    assert vendor_of(device) == vendor


@pytest.mark.parametrize(
    "devices, presences, chosen, profile, model",
    [
        ([PP8800], [], PP8800.id, "PP-5200", "PP-5200"),  # a person knows better than the vendor id
        ([PP8800], [], PP8800.id, "", "PP-8800"),
        ([PP8800], [], "", "", "PP-8800"),
        ([PP8800], [], "serial:COM9", "", ""),
        ([], [AURA], PP8800.id, "", "PP-8800"),  # no driver yet: only the system sees it
        ([], [MOUSE], "", "", ""),
    ],
)
def test_the_model_is_known_before_the_printer_was_ever_opened(
    devices, presences, chosen, profile, model
):
    eyes = Eyes(lambda: devices, lambda: presences)
    eyes.look()
    assert eyes.model(chosen, profile) == model


# -- clock --------------------------------------------------------------------------------------


class Watch:
    """A clock on the wall and one that only runs."""

    def __init__(self):
        self.wall, self.running = NOON, 1000.0

    def keeper(self):
        return Timekeeper(lambda: self.wall, lambda: self.running)

    def wait(self, seconds):
        self.wall += seconds
        self.running += seconds


def test_nobody_told_the_time():
    assert Watch().keeper().reading() == Clock()


def test_drift_is_ahead_or_behind():
    watch = Watch()
    keeper = watch.keeper()
    keeper.tell(NOON - 90, "server")
    assert keeper.reading() == Clock(90_000, True, "server")
    keeper.tell(NOON + 90, "page")
    watch.wait(60)
    assert keeper.reading() == Clock(-90_000, True, "page")


def test_a_clock_set_right_is_right_at_once():
    watch = Watch()
    keeper = watch.keeper()
    keeper.tell(NOON - 86_400, "page")
    assert not keeper.reading().same_date
    watch.wall -= 86_400
    assert keeper.reading() == Clock(0, True, "page")


def test_dates_are_taipei_s():
    """15:59:59Z and 16:00:01Z are two days in Taipei, and one in London."""
    watch = Watch()
    watch.wall = NOON + 12 * 3600 - 1
    keeper = watch.keeper()
    keeper.tell(watch.wall + 2, "page")
    assert not keeper.reading().same_date


def test_an_old_word_about_the_time_is_forgotten():
    watch = Watch()
    keeper = watch.keeper()
    keeper.tell(NOON - 90, "page")
    watch.wait(KEPT_SECONDS)
    assert keeper.reading().drift_ms == 90_000
    watch.wait(1)
    assert keeper.reading() == Clock()


# -- without an agent ---------------------------------------------------------------------------


def codes(evidence):
    return [finding["code"] for finding in evidence.health["findings"]]


def states(evidence):
    return [hop["state"] for hop in evidence.health["hops"]]


def folder_with(tmp_path, device_id, profile=""):
    with SettingsFile(tmp_path).changing() as settings:
        settings.device_id, settings.profile = device_id, profile
    return tmp_path


def test_no_folder_no_printer(tmp_path):
    folder = tmp_path / "never"
    evidence = Direct(folder, list, list).look()
    assert codes(evidence) == ["AGENT_DOWN", "USB_ABSENT"]
    assert not folder.exists()  # looking leaves no trace


def test_a_missing_driver_is_found_without_an_agent(tmp_path):
    evidence = Direct(folder_with(tmp_path, PP8800.id), list, lambda: [AURA, MOUSE]).look()
    assert codes(evidence) == ["AGENT_DOWN", "DRV_MISSING"]
    assert states(evidence) == ["error", "error", "unknown", "unknown", "unknown"]
    assert evidence.presences == (AURA, MOUSE)


def test_an_unreachable_network_printer(tmp_path):
    evidence = Direct(folder_with(tmp_path, "tcp:127.0.0.1:1"), list, list).look()
    assert codes(evidence) == ["AGENT_DOWN", "NET_UNREACHABLE"]
    assert "127.0.0.1:1" in evidence.health["findings"][1]["message"]


@pytest.fixture
def network_printer():
    printer = new_printer()
    server = PrinterServer(printer, port=0)
    server.start()
    yield printer, f"tcp:127.0.0.1:{server.port}"
    server.stop()
    printer.close()


def test_the_printer_is_asked_directly(tmp_path, network_printer):
    printer, target = network_printer
    printer.set_fault("paper_end", True)
    evidence = Direct(folder_with(tmp_path, target, "PP-8800"), list, list).look()
    assert codes(evidence) == ["AGENT_DOWN", "PAPER_END"]
    assert states(evidence) == ["error", "ok", "ok", "ok", "error"]
    assert evidence.health["device"]["profile"] == "PP-8800"
    printer.set_fault("paper_end", False)
    assert codes(Direct(tmp_path, list, list).look()) == ["AGENT_DOWN"]
    assert printer.receipts == []


def test_a_silent_printer_gets_its_model_s_steps(tmp_path, network_printer):
    printer, target = network_printer
    printer.set_fault("silent", True)
    evidence = Direct(folder_with(tmp_path, target, "PP-8800"), list, list).look()
    assert codes(evidence) == ["AGENT_DOWN", "PRN_SILENT"]
    assert evidence.health["findings"][1]["picture"] == "dip-switches"


def test_the_printer_is_left_alone_beside_an_agent_that_does_not_answer(tmp_path, network_printer):
    _, target = network_printer
    lock = Lock(folder_with(tmp_path, target))
    evidence = Direct(tmp_path, list, list).look()
    lock.release()
    assert codes(evidence) == ["AGENT_DOWN"]
    assert states(evidence) == ["error", *["unknown"] * 4]


def test_waiting_jobs_are_counted_without_an_agent(tmp_path):
    journal = Journal(tmp_path / "journal.db")
    journal.submit(
        Submission("0192-waiting-1", "https://shop.example", [], expires=time.time() + 60)
    )
    journal.park("PAPER_END")
    journal.close()
    evidence = Direct(tmp_path, list, list).look()
    assert codes(evidence) == ["AGENT_DOWN", "USB_ABSENT", "JOB_WAITING"]
    assert evidence.health["queue"]["waiting"] == 1


def test_a_broken_settings_file_is_told(tmp_path):
    (tmp_path / "config.json").write_text("{broken")
    direct = Direct(tmp_path, list, list)
    assert codes(direct.look()) == ["AGENT_DOWN", "USB_ABSENT"]
    assert "設定檔" in direct.trouble
    assert (tmp_path / "config.json").read_text() == "{broken"


def test_a_journal_that_cannot_be_used_is_why_no_agent_runs(tmp_path):
    (tmp_path / "journal.db").write_bytes(b"\xa5" * 20_000)
    direct = Direct(tmp_path, list, list)
    assert codes(direct.look()) == ["JOURNAL_BROKEN", "AGENT_DOWN", "USB_ABSENT"]
    assert "列印日誌已損毀" in direct.trouble


# -- the journal's disk -------------------------------------------------------------------------


@pytest.fixture
def tried(tmp_path):
    """A journal whose trials are written down: their size."""
    journal, sizes = Journal(tmp_path / "journal.db"), []
    real = journal.try_out
    journal.try_out = lambda size: sizes.append(size) or real(size)
    yield journal, sizes
    journal.close()


def test_a_healthy_journal_is_tried_once_a_minute_with_a_byte(tried):
    journal, sizes = tried
    watch = JournalWatch(journal, lambda: LOW_BYTES)
    for second in range(0, 130, 10):
        watch.look(float(second))
    assert (sizes, watch.code) == ([1, 1, 1], "")


def test_a_nearly_full_disk_is_tried_with_a_whole_document(tried):
    journal, sizes = tried
    watch = JournalWatch(journal, lambda: LOW_BYTES - 1)
    watch.look(0.0)
    watch.look(0.5)
    watch.look(1.0)
    assert sizes == [ROOM, ROOM]


def test_a_full_disk_is_told_until_a_document_fits_again(tried):
    journal, sizes = tried
    watch = JournalWatch(journal, lambda: 0)
    journal._db.execute(f"PRAGMA max_page_count = {count_of_pages(journal)}")
    watch.look(0.0)
    assert watch.code == "disk_full"
    watch.look(0.5)
    assert watch.code == "disk_full"
    journal._db.execute("PRAGMA max_page_count = 1000000")
    watch.look(1.0)
    assert (watch.code, sizes) == ("", [ROOM, ROOM])
    assert journal._note("room") == ""  # nothing of the trial is left


def test_a_journal_held_by_another_program_is_told_soon_and_let_go(tried):
    journal, _ = tried
    watch = JournalWatch(journal, lambda: LOW_BYTES)
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    watch.look(0.0)
    assert watch.code == "journal_locked"
    assert time.monotonic() - began < 1.0
    other.execute("ROLLBACK")
    other.close()
    watch.look(1.0)
    assert watch.code == ""


def test_a_broken_journal_is_told_until_the_agent_is_started_anew(tried):
    journal, _ = tried
    journal.trouble = "journal_broken"  # as after a read of a damaged page
    watch = JournalWatch(journal, lambda: LOW_BYTES)
    watch.look(0.0)
    watch.look(1.0)
    assert watch.code == "journal_broken"


def count_of_pages(journal):
    return journal._db.execute("PRAGMA page_count").fetchone()[0]


# -- evidence -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["issued AB12345678", "AB-12345678", "carrier /ABC.123", "carrier /ABC1234 of him",
     "certificate TP01234567890123", "code 493817", "buyer 12345675",
     "token " + "aB3_-" * 8, "Bearer 019abc." + "x" * 43],
)  # fmt: skip
def test_what_looks_like_a_secret_or_a_person_is_masked(line):
    assert MASK in masked(line)
    assert line.split()[-1] not in masked(line) or line.endswith("him")


@pytest.mark.parametrize(
    "line",
    ["2026-11-21 10:00:00,123 INFO guitai_agent.app listening on port 47120",
     "job 01928a3c-0000-7000-8000-0123456789ab uncertain: FENCE_TIMEOUT after 3384 bytes",
     "printer connected: usb:0d3a:0300:A1", "cannot read /dev/ttyUSB0: gone"],
)  # fmt: skip
def test_what_support_needs_stays(line):
    assert masked(line) == line


def test_a_job_is_named_by_its_uuid_or_by_a_hash():
    uuid = "01928a3c-0000-7000-8000-0123456789ab"
    assert job_name(uuid) == uuid
    assert "AB12345678" not in job_name("AB12345678-reprint")


def test_a_field_nobody_named_stays_out(tmp_path):
    evidence = Direct(folder_with(tmp_path, PP8800.id), list, lambda: [AURA]).look()
    evidence = replace(evidence, lines=["relay " + "k" * 40])
    zipped = zipfile.ZipFile(BytesIO(pack(evidence)))
    settings = json.loads(zipped.read("settings.json"))
    assert set(settings) == {"agent_id", "device_id", "profile", "pairings"}
    assert zipped.read("log.txt").decode() == f"relay {MASK}\n"
    assert json.loads(zipped.read("devices.json"))["plugged"][0]["problem"] == 28

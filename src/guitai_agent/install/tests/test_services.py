"""What is installed so that the agent starts by itself: unit, udev rules, Windows task."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from guitai_agent.cli import app
from guitai_agent.install import command, services, systemd, udev, windows
from guitai_agent.install import home as home_module
from guitai_agent.install.home import Home
from guitai_agent.install.refusals import InstallRefused
from guitai_agent.install.services import Call, Place, Remove, Write
from guitai_agent.knowledge import profiles


@pytest.fixture
def person(tmp_path, monkeypatch):
    """A home folder of one's own; nothing is really asked of systemd."""
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(home_module, "SYSTEM_ROOT", tmp_path / "opt")
    monkeypatch.setattr(command, "SYSTEM_FOLDER", tmp_path / "usr/local/bin")
    return tmp_path


def managed(folder):
    home = Home(folder / "app")
    home.prepare()
    home.switch("0.1.0")
    return home.root


def calls(steps):
    return [step.command for step in steps if isinstance(step, Call)]


def settings_of(text):
    """{"Service.ExecStart": …} of a unit file."""
    section, found = "", {}
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found[f"{section}.{name}"] = value
    return found


def test_a_persons_unit_starts_this_installation(person):
    steps = services.install_steps(Place(False, "linux", "mei", person / "app"))
    unit = next(step for step in steps if isinstance(step, Write))
    assert unit.path == person / ".config/systemd/user/guitai-agent.service"
    told = settings_of(unit.text)
    assert told["Service.ExecStart"] == f"{sys.executable} -m guitai_agent run --quiet"
    assert told["Install.WantedBy"] == "default.target"
    assert told["Service.Restart"] == "always"
    # The job in hand may take a minute of slow paper; starting again is never given up.
    assert int(told["Service.TimeoutStopSec"]) >= 60
    assert told["Unit.StartLimitIntervalSec"] == "0"
    assert calls(steps) == [
        ["systemctl", "--user", "daemon-reload"],
        ["systemctl", "--user", "enable", "guitai-agent.service"],
        ["systemctl", "--user", "restart", "guitai-agent.service"],
    ]


def test_with_versions_side_by_side_the_launcher_is_started(person):
    root = managed(person)
    steps = services.install_steps(Place(False, "linux", "mei", root))
    unit = next(step for step in steps if isinstance(step, Write))
    start = settings_of(unit.text)["Service.ExecStart"]
    assert start == f"{systemd.base_python()} {root / 'launch.py'} run --quiet"


def fake_version(root, version):
    """A version under the root that says its number and the words it was started with."""
    home = Home(root)
    home.prepare()
    home.switch(version)
    inside = "lib/python{}.{}/site-packages".format(*sys.version_info)
    packages = home.venv(version) / inside
    packages.mkdir(parents=True)
    (packages / "guitai_agent.py").write_text(f"import sys\nprint({version!r}, *sys.argv[1:])\n")
    return home


def in_an_empty_environment(words, folder):
    empty = ["env", "-i", f"HOME={folder}", "PATH=/usr/bin:/bin", *words]
    return subprocess.run(empty, capture_output=True, text=True, check=True, cwd="/").stdout.strip()


@pytest.mark.parametrize("system", [False, True])
def test_the_command_is_on_the_path_and_the_unit_runs_it(person, system):
    home = fake_version(person / ("opt" if system else ".local/share/guitai-agent"), "0.1.0")
    lies = person / ("usr/local/bin" if system else ".local/bin") / "guitai-agent"
    place = Place(system, "linux", "mei")
    written = [step for step in services.install_steps(place) if isinstance(step, Write)]
    unit = next(step for step in written if step.path.name == "guitai-agent.service")
    services.do([step for step in written if step.path == lies])
    assert os.access(lies, os.X_OK) and lies.stat().st_mode & 0o777 == 0o755
    assert in_an_empty_environment([str(lies), "a b", "$x"], person) == "0.1.0 a b $x"

    start = shlex.split(settings_of(unit.text)["Service.ExecStart"])
    assert start[0] == str(lies)
    data = ["--data", "/var/lib/guitai-agent"] if system else []
    told = " ".join(["run", "--quiet", *data])
    assert in_an_empty_environment(start, person) == f"0.1.0 {told}"

    fake_version(home.root, "0.1.1")  # an update changes neither the command nor the unit
    assert in_an_empty_environment(start, person) == f"0.1.1 {told}"


def test_a_command_that_was_a_link_leaves_what_it_led_to(person):
    fake_version(person / ".local/share/guitai-agent", "0.1.0")
    other = person / "other"
    other.write_text("not ours")
    (person / ".local/bin").mkdir(parents=True)
    (person / ".local/bin/guitai-agent").symlink_to(other)
    services.do(services.command_steps(Place(False, "linux", "mei")))
    assert other.read_text() == "not ours"
    assert not (person / ".local/bin/guitai-agent").is_symlink()


def test_a_service_that_could_not_start_is_refused(person, monkeypatch):
    """A launcher's Python has no guitai_agent of its own, and root's folder has no version."""
    monkeypatch.setattr(services, "running_root", lambda: person / ".local/share/guitai-agent")
    with pytest.raises(InstallRefused) as refused:
        services.install_steps(Place(True, "linux", "root"))
    assert refused.value.code == "install_no_version"
    assert "install.sh --system" in refused.value.message


def test_an_agent_knows_the_root_that_it_runs_from(person):
    home = fake_version(person / "elsewhere", "0.1.0")
    module = home.venv("0.1.0") / "lib/python3.11/site-packages/guitai_agent/install/home.py"
    assert home_module.running_root(str(module)) == home.root
    assert home_module.running_root() is None  # this one was not installed so
    assert home_module.default_root() == person / ".local/share/guitai-agent"


def test_the_computers_service_keeps_its_state_and_opens_the_ports(person):
    steps = services.install_steps(Place(True, "linux", "root", managed(person)))
    unit, rules = [step for step in steps if isinstance(step, Write)]
    told = settings_of(unit.text)
    assert told["Service.ExecStart"].endswith("run --quiet --data /var/lib/guitai-agent")
    assert told["Service.StateDirectory"] == "guitai-agent"
    assert set(told["Service.SupplementaryGroups"].split()) == {"lp", "dialout"}
    assert told["Install.WantedBy"] == "multi-user.target"
    assert rules.path == Path("/etc/udev/rules.d/60-guitai-agent.rules")
    assert ["udevadm", "control", "--reload"] in calls(steps)
    removed = services.remove_steps(Place(True, "linux", "root", person))
    assert Remove(rules.path) in removed and Remove(unit.path) in removed


@pytest.mark.parametrize("system", [False, True])
def test_systemd_itself_finds_no_fault(tmp_path, system):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "guitai-agent.service"
    command = ["/usr/bin/env", "/opt/收銀 台/launch.py", "run"]
    unit.write_text(systemd.unit_text(command, system=system), "utf-8")
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True)
    about_ours = [line for line in done.stderr.splitlines() if "guitai-agent" in line]
    assert about_ours == []


def test_words_that_systemd_would_read_otherwise_are_quoted():
    assert systemd.quoted("/usr/bin/python3") == "/usr/bin/python3"
    assert systemd.quoted("/opt/a b") == '"/opt/a b"'
    assert systemd.quoted('a"b\\') == '"a\\"b\\\\"'
    assert systemd.quoted("100%$HOME") == '"100%%$$HOME"'


def test_every_vendor_of_the_catalogue_has_its_rules():
    text = udev.rules()
    known = {f"{vendor:04x}" for each in profiles().values() for vendor, *_ in each.usb}
    assert {"0d3a", "04b8"} <= known == set(udev.vendors())
    for vendor in known:
        about = [line for line in text.splitlines() if f'=="{vendor}"' in line]
        assert [line.split(",")[0] for line in about] == [
            'SUBSYSTEM=="tty"', 'SUBSYSTEM=="usb"', 'SUBSYSTEM=="usbmisc"',
        ]  # fmt: skip
        # ModemManager would print AT commands on the paper.
        assert sum('ENV{ID_MM_DEVICE_IGNORE}="1"' in line for line in about) == 2
        assert all('TAG+="uaccess"' in line and 'MODE="0660"' in line for line in about)


def test_the_task_of_windows():
    xml = windows.task_xml(
        [r"C:\Program Files\Python\pythonw.exe", r"C:\a & b\launch.py", "run", "--quiet"],
        Path(r"C:\a & b"),
        r"SHOP\小美",
    )
    root = ElementTree.fromstring(xml.encode("utf-16"))
    space = {"t": windows.NAMESPACE}

    def text(path):
        return root.find(path, space).text

    assert text("t:Triggers/t:LogonTrigger/t:UserId") == r"SHOP\小美"
    assert text("t:Principals/t:Principal/t:LogonType") == "InteractiveToken"
    assert text("t:Principals/t:Principal/t:RunLevel") == "LeastPrivilege"
    assert text("t:Settings/t:ExecutionTimeLimit") == "PT0S"
    assert text("t:Settings/t:MultipleInstancesPolicy") == "IgnoreNew"
    assert text("t:Settings/t:DisallowStartIfOnBatteries") == "false"
    assert text("t:Settings/t:RestartOnFailure/t:Interval") == "PT1M"
    assert text("t:Actions/t:Exec/t:Command") == r"C:\Program Files\Python\pythonw.exe"
    assert text("t:Actions/t:Exec/t:Arguments") == r'"C:\a & b\launch.py" run --quiet'


def test_windows_registers_the_task_from_a_file_it_can_read(tmp_path, monkeypatch):
    monkeypatch.setenv("USERDOMAIN", "SHOP")
    place = Place(False, "win32", "mei", managed(tmp_path))
    asked = []
    services.do(services.install_steps(place), asked.append)
    assert place.task_file.read_bytes()[:2] in (b"\xff\xfe", b"\xfe\xff")
    root = ElementTree.fromstring(place.task_file.read_bytes())
    assert r"SHOP\mei" in [each.text for each in root.iter(f"{{{windows.NAMESPACE}}}UserId")]
    assert asked == windows.start_commands(place.task_file)
    assert services.restart(place, asked.append)
    assert asked[-2:] == windows.restart_commands()
    services.do(services.remove_steps(place), asked.append)
    assert not place.task_file.exists()
    assert not services.restart(place, asked.append)


def test_installing_and_removing_writes_and_takes_away(person):
    place = Place(False, "linux", "mei", person / "app")
    asked = []
    services.do(services.install_steps(place), asked.append)
    unit = person / ".config/systemd/user/guitai-agent.service"
    assert "ExecStart=" in unit.read_text("utf-8")
    assert services.restart(place, asked.append)
    services.do(services.remove_steps(place), asked.append)
    assert not unit.exists() and not services.restart(place, asked.append)
    assert ["systemctl", "--user", "disable", "--now", "guitai-agent.service"] in asked


def test_another_system_is_told_so():
    with pytest.raises(InstallRefused) as refused:
        services.install_steps(Place(False, "darwin", "mei"))
    assert refused.value.code == "install_unsupported"


def test_a_command_that_the_system_refuses_is_told_with_its_words():
    with pytest.raises(InstallRefused) as refused:
        services.call([sys.executable, "-c", "import sys; sys.exit('no bus')"])
    assert refused.value.code == "install_refused" and "no bus" in refused.value.detail


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Failed to connect to bus: No medium found", "install_no_session"),
        ("Failed to connect to user scope bus via local transport: x", "install_no_session"),
        ("System has not been booted with systemd as init system", "install_no_systemd"),
        ("Job for guitai-agent.service failed.", "install_refused"),
    ],
)
def test_why_systemd_refused_is_said_with_the_one_command(tmp_path, monkeypatch, words, code):
    (tmp_path / "systemctl").write_text(f'#!/bin/sh\necho "{words}" >&2\nexit 1\n')
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(InstallRefused) as refused:
        services.call(["systemctl", "--user", "enable", "guitai-agent.service"])
    assert refused.value.code == code and words in refused.value.detail
    if code == "install_no_session":
        assert "sudo loginctl enable-linger" in refused.value.message


def test_a_command_to_copy_stands_alone_on_its_line(person, monkeypatch):
    def refuse(steps):
        raise InstallRefused("install_no_session", "systemctl: no bus")

    monkeypatch.setattr(services, "do", refuse)
    told = CliRunner().invoke(app, ["install-service", "--root", str(person / "app")])
    assert told.exit_code == 1 and "自動啟動。請執行這一行：（install_no_session）" in told.output
    line = next(line for line in told.output.splitlines() if "enable-linger" in line)
    assert line.strip().startswith("sudo loginctl") and line.endswith("install-service")


def test_a_computer_without_systemd(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallRefused) as refused:
        services.call(["systemctl", "--user", "daemon-reload"])
    assert refused.value.code == "install_no_systemd"
    assert "guitai-agent run" in refused.value.message


def test_a_service_that_this_login_cannot_reach_is_not_restarted(person):
    place = Place(False, "linux", "mei", person / "app")
    services.do(services.install_steps(place), lambda command: None)

    def refuse(code):
        def call(command):
            raise InstallRefused(code, "bus")

        return call

    assert services.restart(place, refuse("install_no_session")) is False
    with pytest.raises(InstallRefused):
        services.restart(place, refuse("install_refused"))


def test_what_cannot_be_written_is_told(person):
    (person / "file").write_text("")
    with pytest.raises(InstallRefused) as refused:
        services.do([services.Write(person / "file" / "unit", "text")])
    assert refused.value.code == "install_refused" and "file" in refused.value.detail


def test_the_computers_service_needs_its_rights(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(InstallRefused) as refused:
        services.check_rights(Place(True, "linux"))
    assert refused.value.code == "install_not_root"


def test_a_dry_run_shows_everything_and_does_nothing(person):
    shown = CliRunner().invoke(app, ["install-service", "--dry-run", "--root", str(person / "app")])
    assert shown.exit_code == 0
    for part in (
        "ExecStart=",
        "systemctl --user enable",
        "enable-linger",
        'ATTRS{idVendor}=="0d3a"',
    ):
        assert part in shown.output
    assert not (person / ".config").exists()
    shown = CliRunner().invoke(app, ["remove-service", "--dry-run", "--root", str(person / "app")])
    assert "disable --now" in shown.output

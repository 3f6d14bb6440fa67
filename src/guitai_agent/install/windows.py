"""The agent as a task of Windows that starts at logon, in the person's own session.

No service: a service has no desktop session and needs an administrator; a receipt printer's COM
port is the person's. The task starts again by itself within a minute, never twice at once, and is
never ended for having run too long or for running on battery.
"""

from collections.abc import Sequence
from pathlib import Path
from subprocess import list2cmdline
from xml.sax.saxutils import escape

TASK = "Guitai Agent"
NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"


def task_xml(command: Sequence[str], folder: Path, user: str) -> str:
    """The task for ``schtasks /Create /XML`` (Task Scheduler schema 1.2), as UTF-16 text."""
    program, *arguments = command
    return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="{NAMESPACE}">
  <RegistrationInfo>
    <Author>Guitai</Author>
    <Description>櫃台列印程式：在這台電腦上管理發票機。</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{escape(user)}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{escape(user)}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>999</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(program)}</Command>
      <Arguments>{escape(list2cmdline(arguments))}</Arguments>
      <WorkingDirectory>{escape(str(folder))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def agent_command(python: Path, launcher: Path | None) -> list[str]:
    """``pythonw`` (no window) with the launcher of the root, or with this installation."""
    quiet = str(python.with_name("pythonw.exe"))
    start = [quiet, str(launcher)] if launcher else [quiet, "-m", "guitai_agent"]
    return [*start, "run", "--quiet"]


def start_commands(xml: Path) -> list[list[str]]:
    return [
        ["schtasks", "/Create", "/TN", TASK, "/XML", str(xml), "/F"],
        ["schtasks", "/Run", "/TN", TASK],
    ]


def stop_commands() -> list[list[str]]:
    return [["schtasks", "/End", "/TN", TASK], ["schtasks", "/Delete", "/TN", TASK, "/F"]]


def restart_commands() -> list[list[str]]:
    return [["schtasks", "/End", "/TN", TASK], ["schtasks", "/Run", "/TN", TASK]]

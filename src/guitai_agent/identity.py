"""The agent's name stands for what its journal remembers (docs/agent-protocol.md §4).

A page that handed a job to an agent of this name hands it over again without asking a person,
because that journal would know if it had been printed. So a journal that does not remember what
an agent of this name has printed must not go by this name.
"""

import logging

from .datadir import SettingsFile, new_name
from .journal import Journal, State

log = logging.getLogger(__name__)


def settle(settings: SettingsFile, journal: Journal) -> None:
    """Keep the name where settings and journal agree on it; else take a new one.

    They disagree when the journal was moved away, deleted or restored from elsewhere, or when the
    settings were lost. Pairings and the server that was joined stay as they are.
    """
    name = settings.now.agent_id
    if not journal.name and journal.taken and not settings.fresh:
        journal.take_name(name)  # written before journals had names: it is this agent's own
        return
    if journal.name == name and journal.complete:
        return
    if not settings.fresh:
        name = new_name()
        _distrust(journal)
        log.warning("列印日誌不是原來那一份：列印程式改用新的身分，不確定的單據會先詢問。")
    journal.take_name(name)  # first: should we end here, the two disagree again
    if settings.now.agent_id != name:
        with settings.changing() as changed:
            changed.agent_id = name


def _distrust(journal: Journal) -> None:
    """What is open in an older copy may be on paper since, and the printer may still hold a part
    of a job that is forgotten: so persons are asked, and the printer is cleaned first."""
    journal.set_dirty(True)
    for job in journal.unbegun():
        if job.state is State.EXPIRED:
            job = journal.move(job, State.QUEUED)
        journal.move(job, State.SENDING)  # which the recovery behind us breaks off

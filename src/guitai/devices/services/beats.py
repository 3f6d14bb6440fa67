"""Signs of life of the agents beside the registers."""

from datetime import datetime
from uuid import UUID

from guitai.devices.models import AgentBeat


def beat(
    register_id: UUID, *, agent_id: str, version: str, code: str, message: str, now: datetime
) -> None:
    """Keeps the newest sign of life of the agent beside a register."""
    AgentBeat.objects.update_or_create(
        register_id=register_id,
        defaults={
            "agent_id": agent_id[:64],
            "version": version[:20],
            "code": code[:20],
            "message": message[:200],
            "seen_at": now,
        },
    )

"""How sign-in behaves here: people are invited at the desk; failures are counted by e-mail."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class InvitedOnlyAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: Any) -> bool:
        return False


def name_tried(request: Any, credentials: dict[str, Any] | None) -> str | None:
    """The e-mail that a failed sign-in is counted under (django-axes asks; lower case).

    allauth hands it over as ``email``, its form as ``login``; without this everybody behind one
    address of a shop would share a single count.
    """
    found = (credentials or {}).get("email") or (credentials or {}).get("username")
    if not found and request is not None:
        found = request.POST.get("login")
    return str(found).strip().lower() if found else None

"""``/agent/``: where a shop gets the counter agent and ``guitai-agent update`` its releases.

The files are what ``make agent-package`` writes, in the folder ``GUITAI_AGENT_FILES``. They hold
nothing of any merchant, so nobody is asked who he is.
"""

import json
import re
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from guitai.devices.rules import AGENT_MIN_VERSION, is_older
from guitai.pos.views import content_security_policy

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,119}")
ORDER = ("install.ps1", "install.sh", "SHA256SUMS", "latest.json")
WORDS = {
    "install.ps1": "Windows 安裝程式",
    "install.sh": "Linux 安裝程式",
    "SHA256SUMS": "檢查碼（安裝程式需要）",
    "latest.json": "版本說明（更新程式需要）",
    ".whl": "列印程式",
    ".txt": "相依套件清單",
    ".sig": "簽章",
    "update.pub": "核對簽章的公鑰（安裝程式需要）",
}


def files() -> list[Path]:
    """What can be fetched, the installers first; empty when nothing was put there.

    Only what a package consists of: a private key that somebody left there is not for everybody.
    """
    folder = Path(settings.GUITAI_AGENT_FILES)
    if not (folder / "latest.json").is_file():
        return []
    found = [
        each
        for each in folder.iterdir()
        if each.is_file() and NAME.fullmatch(each.name) and words(each)
    ]
    rank = {name: at for at, name in enumerate(ORDER)}
    return sorted(found, key=lambda each: (rank.get(each.name, len(ORDER)), each.name))


def words(file: Path) -> str:
    """What the file is for; empty for what is no part of a package."""
    return WORDS.get(file.name) or WORDS.get(file.suffix, "")


def version() -> str:
    """The version that lies there; empty when ``latest.json`` cannot be read."""
    try:
        told = json.loads((Path(settings.GUITAI_AGENT_FILES) / "latest.json").read_text("utf-8"))
        return str(told["version"])[:20]
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """How to install, and the files."""
    offered = version()
    too_old = bool(offered) and is_older(offered, AGENT_MIN_VERSION)
    listed = [{"name": each.name, "words": words(each)} for each in files()]
    context = {
        "files": [] if too_old else listed,
        "version": offered,
        "too_old": too_old,
        "here": request.build_absolute_uri("/agent").rstrip("/"),
    }
    response = render(request, "pos/agent.html", context)
    response["Content-Security-Policy"] = content_security_policy([])
    return response


@never_cache
@require_safe
def fetch(request: HttpRequest, name: str) -> FileResponse:
    """One of the files, to be saved and never to be shown."""
    for each in files():
        if each.name == name:
            return FileResponse(
                each.open("rb"),
                as_attachment=True,
                filename=name,
                content_type="application/octet-stream",
            )
    raise Http404

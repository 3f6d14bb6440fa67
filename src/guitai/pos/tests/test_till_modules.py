"""The till's pure modules, tested by node (``node --test``): the one that playwright brings."""

import subprocess
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "static" / "pos"
NODE = compute_driver_executable()[0]
FILES = sorted(path.name for path in (HERE / "js").glob("*.test.mjs"))


@pytest.mark.parametrize("name", FILES)
def test_modules(name):
    run = subprocess.run(
        [NODE, "--test", str(HERE / "js" / name)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]


def test_the_page_has_no_inline_script_and_modules_write_no_markup():
    """Product names are hostile: markup is never made from text (and the CSP forbids it too)."""
    page = (HERE.parent / "templates" / "pos" / "till.html").read_text()
    assert page.count("<script") == 1 and 'type="module" src=' in page
    assert "style=" not in page and "onload=" not in page
    for module in STATIC.rglob("*.mjs"):
        text = module.read_text()
        for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert danger not in text, f"{module.name}: {danger}"


def test_no_file_is_longer_than_the_house_allows():
    for path in STATIC.rglob("*"):
        if path.suffix in {".mjs", ".css"}:
            assert len(path.read_text().splitlines()) <= 600, path.name

"""``--data``: the agent's folder, as every command takes it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .datadir import default_data_dir

err = Console(stderr=True)
DEFAULT_DATA = default_data_dir()


def _folder(path: Path | None) -> Path | None:
    """A folder, or what can become one; else a sentence, and the end (1)."""
    if path is not None and (file := _file_on(path)) is not None:
        said = f"{file} 是檔案，不是資料夾，列印程式的資料不能放在這裡。請以 --data 指定資料夾。"
        err.print(said, style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    return path


def _file_on(path: Path) -> Path | None:
    """The first thing on the way there that is, and is no folder."""
    return next((each for each in [*reversed(path.parents), path] if _is_file(each)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except OSError:  # it may not be looked at: that is told where it is opened
        return False


_option = typer.Option("--data", help="資料夾（設定、列印日誌）。", callback=_folder)
Data = Annotated[Path, _option]
DataOrNone = Annotated[Path | None, _option]

"""Opening a page in headless Chromium: what it says, what it asks of the network, and how it looks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import attrs

__all__ = ["Opened", "chromium", "drawn", "opened", "printed"]

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_LINE = re.compile(r"CONSOLE[^\n]*")
_SECONDS = 60


@attrs.frozen
class Opened:
    """
    A page as the browser had it.

    Attributes:
        dom: The document after it was opened.
        console: What it said to the console.
        asked: Addresses that were asked for, those of files and data left out.
    """

    dom: str
    console: tuple[str, ...]
    asked: tuple[str, ...]


def chromium() -> str | None:
    """The browser's program; None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def opened(page: Path, folder: Path) -> Opened:
    """Opens *page*, with logs in *folder*."""
    net = folder / "net.json"
    done = _run(page, folder, "--enable-logging=stderr", f"--log-net-log={net}", "--dump-dom")
    return Opened(done.stdout, tuple(_LINE.findall(done.stderr)), _asked(net))


def drawn(page: Path, folder: Path, *, dark: bool = False) -> Path:
    """A picture of *page*, in *folder*, as a reader has it who prefers light or dark ones."""
    picture = folder / f"{page.stem}{'-dark' if dark else ''}.png"
    colours = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []
    _run(page, folder, *colours, "--window-size=1000,1400", f"--screenshot={picture}")
    return picture


def printed(page: Path, folder: Path) -> bytes:
    """*page* as it is printed: a PDF, on the paper that it asks for."""
    sheets = folder / f"{page.stem}.pdf"
    _run(page, folder, "--no-pdf-header-footer", f"--print-to-pdf={sheets}")
    return sheets.read_bytes()


def _run(page: Path, folder: Path, *asked: str) -> subprocess.CompletedProcess[str]:
    program = chromium()
    assert program, "there is no Chromium"
    base = [
        program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking", "--disable-component-update",
        "--no-first-run", f"--user-data-dir={folder / 'profile'}",
    ]  # fmt: skip
    return subprocess.run(
        [*base, *asked, page.absolute().as_uri()], capture_output=True, text=True, timeout=_SECONDS, check=True
    )


def _asked(log: Path) -> tuple[str, ...]:
    """Addresses that a page asked for; the browser's own, which no page began, and files and data are none."""
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    said = [one["params"] for one in events if "url" in one.get("params", {})]
    found = {one["url"] for one in said if one.get("initiator", "not an origin") != "not an origin"}
    return tuple(sorted(one for one in found if not one.startswith(("file:", "data:"))))

"""Opening a page in headless Chromium: what it says, what it asks of the network, and how it looks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import attrs

__all__ = ["Opened", "chromium", "opened"]

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
        picture: A picture of the page.
    """

    dom: str
    console: tuple[str, ...]
    asked: tuple[str, ...]
    picture: Path


def chromium() -> str | None:
    """The browser's program; None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def opened(page: Path, folder: Path, *, dark: bool = False) -> Opened:
    """Opens *page*, with pictures and logs in *folder*."""
    program = chromium()
    assert program, "there is no Chromium"
    net, picture = folder / "net.json", folder / f"{page.stem}{'-dark' if dark else ''}.png"
    base = [
        program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr", "--disable-background-networking",
        "--disable-component-update", "--no-first-run", f"--user-data-dir={folder / 'profile'}", *(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []),
    ]  # fmt: skip
    address = page.absolute().as_uri()
    read = subprocess.run(
        [*base, f"--log-net-log={net}", "--dump-dom", address],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=True,
    )
    subprocess.run(
        [*base, "--window-size=1000,1400", f"--screenshot={picture}", address], capture_output=True, timeout=_SECONDS, check=True
    )  # fmt: skip
    return Opened(read.stdout, tuple(_LINE.findall(read.stderr)), _asked(net), picture)


def _asked(log: Path) -> tuple[str, ...]:
    """Addresses that a page asked for; the browser's own, which no page began, and files and data are none."""
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    said = [one["params"] for one in events if "url" in one.get("params", {})]
    found = {one["url"] for one in said if one.get("initiator", "not an origin") != "not an origin"}
    return tuple(sorted(one for one in found if not one.startswith(("file:", "data:"))))

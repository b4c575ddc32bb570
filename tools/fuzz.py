"""
Drives every parser and scheme with arbitrary text and bytes, guided by coverage.

    nox -s fuzz                     half a minute
    nox -s fuzz -- 600              ten minutes
    nox -s fuzz -- 600 address      one target

A crash is an exception that is not ours, or a message that holds what was given; its input is left in a file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bankcif"]):
    from bankcif.testing.targets import byte_targets, refused, text_targets

_SHORTEST_TOLD = 12  # a shorter text may stand in a message by chance


def main() -> None:
    seconds = sys.argv[1] if len(sys.argv) > 1 else "30"
    with tempfile.TemporaryDirectory() as folder:
        texts, files = text_targets(), byte_targets(Path(folder))
        names = [name for name in (*sorted(texts), *sorted(files)) if name in sys.argv[2:] or len(sys.argv) <= 2]
        if not names:
            sys.exit(f"there is no such target; there are {', '.join((*sorted(texts), *sorted(files)))}")

        def one(data: bytes) -> None:
            provider = atheris.FuzzedDataProvider(data)
            name = names[provider.ConsumeIntInRange(0, len(names) - 1)]
            if name in files:
                content = provider.ConsumeBytes(2000)
                refused(lambda: files[name](content))
                return
            text = provider.ConsumeUnicode(600)
            error = refused(lambda: texts[name](text))
            if error is not None and len(text) >= _SHORTEST_TOLD and (text in str(error) or error.__context__):
                raise AssertionError(f"{name}: the message holds the input, or the error another one")

        atheris.Setup(
            [sys.argv[0], f"-max_total_time={seconds}", "-max_len=2500", "-timeout=5", "-print_final_stats=1"], one
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()

"""Runs two nights: the second finds everything done."""

import runpy
import sys
import tempfile
from pathlib import Path

import batch

batch.FILES = {"mobile.jsonl": "mobile"}  # one channel, so that it is soon done
with tempfile.TemporaryDirectory() as place:
    folder = Path(place) / "night"
    sys.argv = ["dag.py", str(folder)]
    runpy.run_path("dag.py", run_name="__main__")
    assert (folder / "portfolio" / "index.html").stat().st_size > 10_000
    print("the second night:")
    batch.main([str(folder), "load", "tags", "quality"])

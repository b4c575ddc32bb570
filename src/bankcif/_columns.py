"""
Arrow arrays made of their buffers. `pyarrow.array` and `pyarrow.scalar` look for pandas, to see whether what they are given is one of its: where it
is installed that takes a third of a second, which work over a file does not need.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._extras import need

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["numbers", "words"]


def numbers(values: NDArray[Any]) -> Any:
    """An Arrow array of the numbers of *values*, of the same type; none of them is missing."""
    pa = need("pyarrow", extra="columns")
    held = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(held.dtype), len(held), [None, pa.py_buffer(held)])


def words(texts: Sequence[str]) -> Any:
    """An Arrow array of *texts*, as large strings."""
    pa = need("pyarrow", extra="columns")
    encoded = [text.encode() for text in texts]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    held = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.large_string(), len(encoded), held)

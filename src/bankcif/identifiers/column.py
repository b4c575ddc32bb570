"""A whole column of texts, checked at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from .._columns import words
from .._extras import need
from .scheme import IdentifierScheme, Issue, Severity, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ColumnVerdict", "PlainColumn", "Texts", "validate_column"]


@attrs.frozen(eq=False, repr=False)
class Texts:
    """A column as one run of UTF-8 bytes and where each text begins and ends; a missing value is an empty text."""

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, values: Any) -> Texts:
        """
        The column of *values*.

        Args:
            values: A sequence of text and None; a NumPy array of text, bytes or objects; anything that speaks Arrow's
                C interface, such as an Arrow array, a Polars series or a column of a table (extra ``columns``).
        """
        if isinstance(values, np.ndarray) and values.dtype.kind in "US":
            return _of_fixed_width(values)
        if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
            return _of_arrow(values)
        return _of_sequence(values.tolist() if isinstance(values, np.ndarray) else values)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, at: int) -> str:
        written = self.data[self.offsets[at] : self.offsets[at + 1]].tobytes()
        try:
            return written.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return written.decode("utf-8", "replace")  # bytes that are no text become a character that no scheme knows

    def sealed(self) -> Texts:
        """The same bytes, which can not be written to: compiled functions know one kind of array then."""
        data, offsets = self.data.view(), self.offsets.view()
        data.flags.writeable = offsets.flags.writeable = False
        return Texts(data, offsets)

    def of_length(self, length: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Rows of exactly *length* bytes, and their bytes, a row a row."""
        lengths = np.diff(self.offsets)
        rows = np.flatnonzero(lengths == length)
        if len(rows) == len(self):
            start, end = self.offsets[0], self.offsets[-1]
            return rows, self.data[start:end].reshape(-1, length)
        return rows, self.data[self.offsets[rows][:, None] + np.arange(length)]


def _of_sequence(values: Sequence[str | None]) -> Texts:
    texts = ["" if value is None else value for value in values] if None in values else values
    joined = "".join(texts)  # type: ignore[arg-type]
    if joined.isascii():
        encoded, lengths = joined.encode("ascii"), map(len, texts)  # type: ignore[arg-type]
    else:
        pieces = [text.encode("utf-8", "surrogatepass") for text in texts]  # type: ignore[union-attr]
        encoded, lengths = b"".join(pieces), map(len, pieces)
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(lengths, np.int64, len(texts)), out=offsets[1:])
    return Texts(np.frombuffer(encoded, np.uint8), offsets)


def _of_fixed_width(values: NDArray[Any]) -> Texts:
    flat = np.ascontiguousarray(values).reshape(-1)
    width = flat.dtype.itemsize // (4 if flat.dtype.kind == "U" else 1)
    if len(flat) and width:
        characters = flat.view(np.uint32 if flat.dtype.kind == "U" else np.uint8).reshape(len(flat), width)
        if characters[:, -1].all() and characters.max() < 128:
            data = characters.astype(np.uint8).reshape(-1)
            return Texts(data, np.arange(len(flat) + 1, dtype=np.int64) * width)
    texts = flat.tolist()
    # Bytes that are no text become a character that no scheme knows.
    return _of_sequence([text.decode("utf-8", "replace") for text in texts] if flat.dtype.kind == "S" else texts)


def _of_arrow(values: Any) -> Texts:
    pa = need("pyarrow", extra="columns")
    column = pa.chunked_array(values) if hasattr(values, "__arrow_c_stream__") else pa.chunked_array([pa.array(values)])
    column = column.cast(pa.large_string()).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else words([])
    _, offsets, data = column.fill_null(words([""])[0]).buffers()
    bounds = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1] if offsets else None
    return Texts(
        np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8),
        bounds if bounds is not None and len(bounds) else np.zeros(1, np.int64),
    )


@attrs.frozen(eq=False, repr=False)
class PlainColumn:
    """
    What a scheme says of those texts of a column that it can judge all at once.

    Attributes:
        rows: Which texts; the others go one by one.
        flags: Of each, bit i where ``issues[i]`` was found.
        issues: In the order in which a verdict has them.
        value: The normalized number of such a text.
    """

    rows: NDArray[np.int64]
    flags: NDArray[np.uint8]
    issues: tuple[Issue, ...]
    value: Callable[[str], str]


@attrs.frozen(eq=False, repr=False)
class ColumnVerdict(Sequence[Verdict]):
    """
    Verdicts on a column; ``verdict[i]`` is what the scheme says of text i by itself.

    Attributes:
        scheme: The scheme's name.
        valid: Whether no issue of a text is an error.
    """

    scheme: str
    valid: NDArray[np.bool_]
    _texts: Texts
    _plain: PlainColumn | None
    _place: NDArray[np.int64]
    _single: Mapping[int, Verdict]

    def __len__(self) -> int:
        return len(self.valid)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        found = self._single.get(at)
        if found is not None:
            return found
        assert self._plain is not None
        flags = int(self._plain.flags[self._place[at]])
        issues = tuple(issue for bit, issue in enumerate(self._plain.issues) if flags >> bit & 1)
        value = self._plain.value(self._texts[at]) if self.valid[at] else None
        return Verdict(self.scheme, value, issues)

    def counts(self) -> Counter[tuple[str, Severity]]:
        """How many texts have an issue of each rule and severity."""
        found: Counter[tuple[str, Severity]] = Counter()
        for one in self._single.values():
            found.update({(issue.rule, issue.severity) for issue in one.issues})
        if self._plain is not None:
            for bit, issue in enumerate(self._plain.issues):
                if count := int(np.count_nonzero(self._plain.flags & (1 << bit))):
                    found[issue.rule, issue.severity] += count
        return found

    def values(self) -> Iterator[str | None]:
        """Each normalized number, None where a text is not valid."""
        return (one.value for one in self)


def validate_column(scheme: IdentifierScheme, values: Any) -> ColumnVerdict:
    """
    What *scheme* says of every text of a column, equal to its verdict on each.

    A scheme with a rule for whole columns judges the texts that are plainly written all at once; every other text, and
    every text of another scheme, is judged once for each distinct text.

    Args:
        scheme: Any scheme.
        values: See `Texts.of`; a missing value counts as an empty text.
    """
    texts = Texts.of(values)
    plain: PlainColumn | None = getattr(scheme, "plain_column", lambda _: None)(texts)
    valid = np.zeros(len(texts), np.bool_)
    place = np.full(len(texts), -1, np.int64)
    if plain is not None:
        errors = sum(1 << bit for bit, issue in enumerate(plain.issues) if issue.severity is Severity.ERROR)
        valid[plain.rows] = (plain.flags & errors) == 0
        place[plain.rows] = np.arange(len(plain.rows))
    known: dict[str, Verdict] = {}
    single: dict[int, Verdict] = {}
    for at in np.flatnonzero(place < 0).tolist():
        text = texts[at]
        found = known.get(text)
        if found is None:
            found = known[text] = scheme.validate(text)
        single[at] = found
        valid[at] = found.valid
    return ColumnVerdict(scheme.name, valid, texts, plain, place, single)

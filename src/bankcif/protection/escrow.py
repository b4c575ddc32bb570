"""
Escrow: a key file sealed for custodians, so that some of them together, and no fewer, can give it back.

Each custodian has a passphrase. The key file is sealed under a key of its own, and that key once for every group of
custodians that is large enough, under what the passphrases of the whole group give. Whoever lacks one passphrase of a
group has nothing of it.

The file is JSON: ``format`` (1), ``suite``, ``needed``, ``salts`` by custodian, ``shares`` (each with its ``custodians``
and ``wrapped``) and ``sealed``; bytes are in base 64, a nonce of twelve bytes before each ciphertext.

Source: RFC 9106 (Argon2id, its second recommended option: 3 passes over 64 MiB in 4 lanes), RFC 2104 (HMAC).
"""

from __future__ import annotations

import base64
import binascii
import json
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from .._canonical import encode
from .._clock import IdSource, SystemIds
from ..errors import ConfigurationError, InputError, KeyFileError
from .suites import NONCE_BYTES, Aes256Gcm, Suite, suite_of

__all__ = ["open_escrow", "seal_escrow"]

_SALT_BYTES = 16
_MOST_CUSTODIANS = 9
_SHORTEST_PASSPHRASE = 12
_MOST_BYTES = 1 << 20


def seal_escrow(
    content: bytes,
    passphrases: Mapping[str, str],
    *,
    needed: int,
    suite: Suite | None = None,
    ids: IdSource | None = None,
) -> bytes:
    """
    *content* sealed for custodians.

    Args:
        content: A key file's bytes.
        passphrases: Each custodian's passphrase, by name; two to nine custodians, at least twelve characters each.
        needed: How many of them together open it; two at least.
        suite: Seals it; AES-256-GCM if None.
        ids: Source of keys, salts and nonces.

    Returns:
        The escrow file's bytes. Costs one Argon2id, some 0.15 s, a custodian.

    Raises:
        InputError: Too few custodians or too many, too few needed, or a passphrase that is short or another's.
    """
    suite, ids, names = suite or Aes256Gcm(), ids or SystemIds(), sorted(passphrases)
    problem = ""
    if not 2 <= needed <= len(names) <= _MOST_CUSTODIANS:
        problem = f"an escrow has two to {_MOST_CUSTODIANS} custodians, of whom at least two are needed"
    elif not all(name and len(name) <= 64 and name.isprintable() for name in names):
        problem = "a custodian's name is one to 64 printable characters"
    elif any(len(words) < _SHORTEST_PASSPHRASE or _as_typed(words) is None for words in passphrases.values()):
        problem = f"a passphrase has at least {_SHORTEST_PASSPHRASE} characters"
    elif len({_as_typed(words) for words in passphrases.values()}) < len(names):
        problem = "each custodian has a passphrase of their own"
    if problem:
        raise InputError(problem, rule="escrow")
    salts = {name: ids.draw(_SALT_BYTES) for name in names}
    stretched = {name: _stretched(_as_typed(passphrases[name]) or b"", salts[name]) for name in names}
    key = ids.draw(suite.key_bytes)
    shares = [
        {"custodians": list(group), "wrapped": _sealed(suite, _group_key(suite, group, stretched), key, group, ids)}
        for group in combinations(names, needed)
    ]
    document = {
        "format": 1, "suite": suite.name, "needed": needed,
        "salts": {name: base64.b64encode(salt).decode() for name, salt in salts.items()},
        "shares": shares, "sealed": _sealed(suite, key, content, ("content", str(needed), *names), ids),
    }  # fmt: skip
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def open_escrow(escrow: bytes, passphrases: Mapping[str, str]) -> bytes:
    """
    The key file in *escrow*, by the passphrases of as many custodians as it needs, or more.

    Raises:
        KeyFileError: It is no escrow file, one of the custodians is not named in it, they are too few, or a passphrase is
            wrong or the file was changed (which of the two, nobody can say).
    """
    found = _parsed(escrow)
    if found is None:
        raise KeyFileError("this is no escrow file, or it was damaged", rule="escrow")
    suite, needed, salts, shares, sealed = found
    given = sorted(passphrases)
    problem = ""
    if any(_as_typed(words) is None for words in passphrases.values()):
        problem = "a passphrase holds what no keyboard types"
    elif not set(given) <= set(salts):
        problem = f"the custodians of this escrow are {', '.join(sorted(salts))}"
    elif len(given) < needed:
        problem = f"{needed} custodians are needed together"
    if problem:
        raise KeyFileError(problem, rule="escrow")
    tried = [{name: _as_typed(passphrases[name]) or b"" for name in given}]
    # A file that was sealed before passphrases were normalized has them as they were typed then.
    as_given = {name: passphrases[name].encode() for name in given}
    for words in tried if as_given == tried[0] else [*tried, as_given]:
        stretched = {name: _stretched(words[name], salts[name]) for name in given}
        for group in combinations(given, needed):
            wrapped = shares.get(group)
            key = None if wrapped is None else _opened(suite, _group_key(suite, group, stretched), wrapped, group)
            content = None if key is None else _opened(suite, key, sealed, ("content", str(needed), *sorted(salts)))
            if content is not None:
                return content
    raise KeyFileError("a passphrase is wrong, or the escrow file was changed", rule="escrow")


def _stretched(words: bytes, salt: bytes) -> bytes:
    return Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=64 * 1024).derive(words)


def _as_typed(passphrase: str) -> bytes | None:
    """A passphrase by whatever input method it was typed; None if it is no text."""
    try:
        return unicodedata.normalize("NFC", passphrase).encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return None


def _group_key(suite: Suite, group: Sequence[str], stretched: Mapping[str, bytes]) -> bytes:
    parts = [part for name in group for part in (name, stretched[name])]
    return suite.mac(b"bankcif/v1/escrow", encode(*parts))[: suite.key_bytes]


def _sealed(suite: Suite, key: bytes, content: bytes, what: Sequence[str], ids: IdSource) -> str:
    nonce = ids.draw(NONCE_BYTES)
    return base64.b64encode(nonce + suite.cipher(key).encrypt(nonce, content, _associated(what))).decode()


def _opened(suite: Suite, key: bytes, sealed: bytes, what: Sequence[str]) -> bytes | None:
    try:
        return suite.cipher(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _associated(what))
    except (InvalidTag, ValueError):
        return None


def _associated(what: Sequence[str]) -> bytes:
    return encode("bankcif/v1/escrow", len(what), *what)


_Parsed = tuple[Suite, int, dict[str, bytes], dict[tuple[str, ...], bytes], bytes]


def _parsed(escrow: bytes) -> _Parsed | None:
    if len(escrow) > _MOST_BYTES:
        return None
    try:
        table: Any = json.loads(escrow)
        suite, needed = suite_of(str(table["suite"])), int(table["needed"])
        salts = {str(name): base64.b64decode(salt, validate=True) for name, salt in table["salts"].items()}
        shares = {
            tuple(map(str, share["custodians"])): base64.b64decode(share["wrapped"], validate=True)
            for share in table["shares"]
        }
        sealed = base64.b64decode(table["sealed"], validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error, ConfigurationError):
        return None
    good = table.get("format") == 1 and 2 <= needed <= len(salts) <= _MOST_CUSTODIANS
    return (suite, needed, salts, shares, sealed) if good and all(len(s) >= 8 for s in salts.values()) else None

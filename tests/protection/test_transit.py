"""The provider over a transit engine: the contract, a file kept through it, and what a service can do wrong."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import NOW, keys_fit
from tests.flows.test_register import register
from tests.protection.transit_double import TOKEN, TransitDouble, serving

from bankcif import CIF, Actor, Purpose
from bankcif._clock import FixedClock
from bankcif.errors import BankCIFError, ConfigurationError, KeyServiceError, WrongKeyError
from bankcif.party import ReferenceTables
from bankcif.protection import KeyProvider, TransitKeyProvider
from bankcif.testing.contracts import KeyProviderContract


@pytest.fixture
def double() -> Iterator[TransitDouble]:
    with serving(TransitDouble()) as running:
        yield running


@pytest.fixture
def provider(double: TransitDouble) -> Iterator[TransitKeyProvider]:
    opened = TransitKeyProvider(double.url, token=TOKEN)
    yield opened
    opened.close()


class TestTransitKeyProvider(KeyProviderContract):
    @pytest.fixture
    def provider(self, double: TransitDouble) -> Iterator[KeyProvider]:
        opened = TransitKeyProvider(double.url, token=lambda: TOKEN)
        yield opened
        opened.close()


def test_what_one_version_wrapped_opens_after_the_key_was_rotated(
    double: TransitDouble, provider: TransitKeyProvider
) -> None:
    old = provider.wrap([(b"k" * 32, b"")])
    double.rotate()
    assert provider.kek_id == "transit/bankcif:v1"  # this process goes on with the version it began with
    later = TransitKeyProvider(double.url, token=TOKEN)
    assert later.kek_id == "transit/bankcif:v2"
    assert later.wrap([(b"k" * 32, b"")])[0].startswith(b"vault:v2:")
    assert later.unwrap([(old[0], b"")], kek_id=provider.kek_id) == [b"k" * 32]


def test_index_roots_are_versions_of_a_key_of_their_own(double: TransitDouble, provider: TransitKeyProvider) -> None:
    double.rotate("bankcif-index")
    assert provider.index_root(1) != provider.index_root(2)
    asked = len(double.asked)
    provider.index_root(1)
    assert len(double.asked) == asked  # asked for once


def test_a_file_is_kept_through_it_and_a_read_asks_once(
    double: TransitDouble, provider: TransitKeyProvider, tables: ReferenceTables, steward: Actor, tmp_path: Path
) -> None:
    with CIF.open(
        f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=provider, tables=tables, clock=FixedClock(NOW)
    ) as cif:
        cif_no = register(cif, steward, "1", name="欧阳测试").cif_no
        before = len(double.asked)
        assert cif.customers.reveal(cif_no, ["name"], actor=steward, purpose=Purpose.SERVICE) == {"name": "欧阳测试"}
        assert double.asked[before:] == ["POST /v1/transit/decrypt/bankcif"]
        assert keys_fit(cif) > 0
    # The service is gone: nothing opens, and nothing is lost.
    double.instead = [(503, {"errors": ["sealed"]})] * 6
    with pytest.raises(KeyServiceError):
        CIF.open(f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=provider, tables=tables, clock=FixedClock(NOW))
    double.instead = []
    CIF.open(
        f"sqlite:///{tmp_path / 'cif.db'}", tenant="t", keys=provider, tables=tables, clock=FixedClock(NOW)
    ).close()


ANSWERS: dict[str, tuple[Any, str]] = {
    "a token without rights": ((403, {"errors": ["permission denied"]}), "refused"),
    "no such key": ((404, {"errors": []}), "status"),
    "an error of its own": ((500, {"errors": ["canary"]}), "status"),
    "no JSON": ((200, b"<html>canary</html>"), "answer"),
    "JSON of another shape": ((200, ["canary"]), "answer"),
    "no results": ((200, {"data": {}}), "answer"),
    "too few results": ((200, {"data": {"batch_results": []}}), "answer"),
    "results of another shape": ((200, {"data": {"batch_results": ["canary"]}}), "answer"),
    "a redirect": ((302, b""), "status"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_wrong_answer_is_told_without_its_words(
    name: str, double: TransitDouble, provider: TransitKeyProvider, caplog: pytest.LogCaptureFixture
) -> None:
    answer, rule = ANSWERS[name]
    caplog.set_level(logging.DEBUG)
    double.instead = [answer]
    with pytest.raises(KeyServiceError) as caught:
        provider.wrap([(b"canary-key".ljust(32), b"canary-place")])
    assert caught.value.rule == rule
    seen = f"{caught.value} {caught.value!r} {caught.value.__cause__} {caught.value.__context__} {caplog.text}"
    assert "canary" not in seen
    assert TOKEN not in seen
    assert provider.wrap([(b"k" * 32, b"")])  # and it goes on when the service does


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_service_that_is_busy_is_asked_again(
    double: TransitDouble, provider: TransitKeyProvider, status: int
) -> None:
    double.instead = [(status, {"errors": []})] * 2
    assert provider.wrap([(b"k" * 32, b"")])


def test_a_key_that_does_not_open_is_another_thing_than_a_service_that_fails(
    double: TransitDouble, provider: TransitKeyProvider
) -> None:
    (wrapped,) = provider.wrap([(b"k" * 32, b"")])
    with pytest.raises(WrongKeyError) as caught:
        provider.unwrap([(wrapped, b""), (wrapped, b"elsewhere")], kek_id=provider.kek_id)
    assert caught.value.rule == "unwrap"
    double.instead = [(400, {"errors": ["bad request"]})]
    with pytest.raises(WrongKeyError):
        provider.unwrap([(wrapped, b"")], kek_id=provider.kek_id)
    for other in ("transit/another:v1", "transit/bankcif", "transit/bankcif:vx", ""):
        with pytest.raises(WrongKeyError) as caught:
            provider.unwrap([(wrapped, b"")], kek_id=other)
        assert caught.value.rule == "kek_unknown"


def test_a_service_that_binds_no_associated_data_is_refused(double: TransitDouble) -> None:
    """Keys could change places under it."""
    double.binds = False
    with pytest.raises(KeyServiceError, match="does not bind associated data"):
        TransitKeyProvider(double.url, token=TOKEN)


def test_a_batch_in_another_order_loses_no_customer(double: TransitDouble, provider: TransitKeyProvider) -> None:
    double.turns = True
    with pytest.raises(KeyServiceError):
        provider.wrap([(b"a" * 32, b"1"), (b"b" * 32, b"2")])


def test_another_version_than_was_asked_for_is_no_answer(double: TransitDouble, provider: TransitKeyProvider) -> None:
    """An index rotation onto the same root would change nothing."""
    double.rotate("bankcif-index")
    double.instead = [(200, {"data": {"hmac": f"vault:v1:{base64.b64encode(b'r' * 32).decode()}"}})]
    with pytest.raises(WrongKeyError, match="no index key of version 2"):
        provider.index_root(2)
    double.rotate()
    double.instead = [(200, {"data": {"batch_results": [{"ciphertext": "vault:v2:AAAA"}]}})]
    with pytest.raises(KeyServiceError, match="under the version it was told"):
        provider.wrap([(b"a" * 32, b"1")])


def test_a_service_does_not_say_how_long_it_is_waited_for(double: TransitDouble, provider: TransitKeyProvider) -> None:
    double.headers = {"Retry-After": "3600"}
    double.instead = [(503, {"errors": []})] * 2
    assert len(provider.wrap([(b"a" * 32, b"1")])) == 1  # within the patience of this test


def test_nobody_there(double: TransitDouble) -> None:
    with pytest.raises(KeyServiceError) as caught:
        TransitKeyProvider("http://127.0.0.1:9", token=TOKEN, retries=0, timeout=0.5)
    assert (caught.value.rule, caught.value.__context__) == ("unreachable", None)


@pytest.mark.parametrize("url", ["http://vault.bank.example", "ftp://127.0.0.1", "vault:8200", ""])
def test_keys_are_not_sent_in_clear(url: str) -> None:
    with pytest.raises(ConfigurationError, match="https"):
        TransitKeyProvider(url, token=TOKEN)


def test_a_certificate_that_is_not_known_is_refused(double: TransitDouble) -> None:
    with pytest.raises(BankCIFError) as caught:  # speaks no TLS at all
        TransitKeyProvider(double.url.replace("http:", "https:"), token=TOKEN, retries=0, timeout=1)
    assert caught.value.rule == "unreachable"
    assert TOKEN not in repr(caught.value)


def test_it_shows_neither_token_nor_key(provider: TransitKeyProvider) -> None:
    assert repr(provider) == "TransitKeyProvider(transit/bankcif:v1)"

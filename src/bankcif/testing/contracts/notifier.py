"""What every notifier must do."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import attrs
import pytest

from ...errors import DeliveryError
from ...upkeep import Count, Notice, Notifier

__all__ = ["NotifierContract"]

_NOTICE = Notice(
    id="0" * 32, to="m.li", day=date(2026, 12, 1), counts={"renewal": Count(zh="更新证件", en="Renew the document", waits=1, fresh=1)}
)  # fmt: skip


class NotifierContract:
    """Give the fixture `notifier`: one that delivers to the operator ``m.li``."""

    @pytest.fixture
    def notifier(self) -> Notifier:
        raise NotImplementedError

    def test_a_notice_is_delivered_and_twice_is_no_harm(self, notifier: Notifier) -> None:
        notifier.notify(_NOTICE)
        notifier.notify(_NOTICE)

    def test_whom_it_does_not_know_it_leaves_or_refuses_as_ours(self, notifier: Notifier) -> None:
        with suppress(DeliveryError):
            notifier.notify(attrs.evolve(_NOTICE, to="nobody.known"))
        notifier.notify(_NOTICE)

"""Whether somebody may load what a channel brings: by the policy, the agreement with its source, and its mapping."""

from __future__ import annotations

from ..access import Action
from ..context import Actor, Purpose
from ..errors import AccessError, ConfigurationError
from ..intake import Channel, child_target
from .desk import Desk, authorize, refuse, told

__all__ = ["check_allowed"]


def check_allowed(desk: Desk, channel: Channel, actor: Actor, purpose: Purpose, action: Action) -> None:
    """Raises unless *actor* may, the agreement with the source stands, and the mapping fits this file."""
    authorize(desk, actor, action, action.value, purpose)
    broken = channel.agreement.broken(desk.today(), purpose)
    if broken:
        refuse(desk, actor, action.value, purpose, rule=broken)
        why = {
            "agreement_expired": f"ended on {channel.agreement.expires}",
            "agreement_purpose": f"does not cover the purpose {purpose.value}",
        }[broken]
        raise told(AccessError(f"the agreement with the source of channel {channel.name} {why}", rule=broken))
    _check_schemes(desk, channel)
    for kind in {channel.kind} if channel.kind else set(channel.kinds.values()):
        desk.standards.of(kind, channel.requires, channel.name)


def _check_schemes(desk: Desk, channel: Channel) -> None:
    for column in channel.columns.values():
        head, _, rest = column.to.partition(".")
        named = set(column.schemes.values())
        group, _ = child_target(rest)
        if head == "identifiers" and group:
            named.add(group)
        for scheme in sorted(named):
            if not scheme.startswith("bank.") and scheme not in desk.schemes:
                raise ConfigurationError(
                    f"the mapping of channel {channel.name}, column {column.name}, names the scheme {scheme!r}, which is "
                    f"not in use; `bankcif check --list` prints those that are",
                    rule="unknown_scheme",
                )

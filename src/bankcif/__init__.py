"""
The customer information file of a bank, embedded: every customer once, whole, correct, up to date and protected.

Names load on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .access import Policy
    from .cif import CIF
    from .context import Actor, AuthContext, Purpose
    from .errors import BankCIFError
    from .flows.register import Outcome
    from .identifiers import standard_schemes
    from .intake import Channel, read_channel
    from .matching import LinkPolicy, MatchModel
    from .merging import Decay, Release, SurvivorshipRules, Terms
    from .party import Holding, Identifier, Individual, Money, Organization, ReferenceTables, Sensitive, party_from
    from .protection import LocalKeyProvider
    from .storage import Limits, MemoryKeyStore, MemoryRepository

__version__ = "0.1.0"

__all__ = [
    "CIF",
    "Actor",
    "AuthContext",
    "BankCIFError",
    "Channel",
    "Decay",
    "Holding",
    "Identifier",
    "Individual",
    "Limits",
    "LinkPolicy",
    "LocalKeyProvider",
    "MatchModel",
    "MemoryKeyStore",
    "MemoryRepository",
    "Money",
    "Organization",
    "Outcome",
    "Policy",
    "Purpose",
    "ReferenceTables",
    "Release",
    "Sensitive",
    "SurvivorshipRules",
    "Terms",
    "TransitKeyProvider",
    "party_from",
    "read_channel",
    "standard_schemes",
]

_HOME = {
    "CIF": "cif",
    "Actor": "context",
    "AuthContext": "context",
    "BankCIFError": "errors",
    "Channel": "intake",
    "Holding": "party",
    "Identifier": "party",
    "Individual": "party",
    "LinkPolicy": "matching",
    "LocalKeyProvider": "protection",
    "MatchModel": "matching",
    "MemoryKeyStore": "storage",
    "MemoryRepository": "storage",
    "Limits": "storage",
    "Money": "party",
    "Organization": "party",
    "Outcome": "flows.register",
    "Policy": "access",
    "Purpose": "context",
    "ReferenceTables": "party",
    "Sensitive": "party",
    "Decay": "merging",
    "Release": "merging",
    "SurvivorshipRules": "merging",
    "Terms": "merging",
    "TransitKeyProvider": "protection",
    "party_from": "party",
    "read_channel": "intake",
    "standard_schemes": "identifiers",
}


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__

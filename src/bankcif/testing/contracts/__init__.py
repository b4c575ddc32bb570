"""
Contracts: one class per Protocol, run alike by the library's implementations and by a bank's own.

Derive a test class and give the fixture; pytest collects the inherited tests:

    class TestOurRepository(RepositoryContract):
        @pytest.fixture
        def repository(self): ...
"""

from .engine import EngineContract
from .keys import KeyProviderContract, KeyStoreContract
from .notifier import NotifierContract
from .repository import RepositoryContract
from .schemes import IdentifierSchemeContract
from .witness import WitnessContract

__all__ = [
    "EngineContract",
    "IdentifierSchemeContract",
    "KeyProviderContract",
    "KeyStoreContract",
    "NotifierContract",
    "RepositoryContract",
    "WitnessContract",
]

"""Stores: Protocols, rows, memory, SQL, key store. Imported lazily, since SQLAlchemy is large."""

from .beside import key_store_beside
from .limits import Limits
from .memory import MemoryRepository
from .memory_keys import MemoryKeyStore
from .repository import LOST, Repository, UnitOfWork
from .search_store import Order, SearchStore

__all__ = [
    "LOST",
    "Limits",
    "MemoryKeyStore",
    "MemoryRepository",
    "Order",
    "Repository",
    "SearchStore",
    "UnitOfWork",
    "key_store_beside",
]

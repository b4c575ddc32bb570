"""Stores: Protocols, rows, memory, SQL, key store. Imported lazily, since SQLAlchemy is large."""

from .memory import MemoryKeyStore, MemoryRepository
from .repository import Repository, UnitOfWork

__all__ = ["MemoryKeyStore", "MemoryRepository", "Repository", "UnitOfWork"]

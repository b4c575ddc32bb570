"""What the file can tell: columns for analyses, by pseudonymous keys."""

from .snapshot import KEY, Column, Snapshot, manifest_of

__all__ = ["KEY", "Column", "Snapshot", "manifest_of"]

"""What the file can tell: columns for analyses, by pseudonymous keys."""

from .snapshot import KEY, Column, Snapshot, least_shared, manifest_of

__all__ = ["KEY", "Column", "Snapshot", "least_shared", "manifest_of"]

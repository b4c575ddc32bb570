"""
Everything bankcif raises on purpose, under one root.

    BankCIFError
    ├── ConfigurationError            what was configured cannot work
    │   ├── MappingError              a channel mapping contradicts itself or the catalogue
    │   ├── PolicyError               an access policy names what does not exist
    │   ├── RuleError                 a rule is malformed, or does not fit the fields it names
    │   └── MissingExtraError         an optional package is not installed
    ├── InputError                    what came in cannot be taken
    │   ├── IdentifierError           a number has no normalized form
    │   ├── IntakeError               a form has faults; carries all of them
    │   ├── FileError                 a file cannot be read as declared
    │   ├── TrainingError             a match model cannot be learned from a file
    │   └── FitError                  data do not carry the model that was to be fitted to them
    ├── AccessError                   the actor may not do this
    │   ├── NotFoundOrNotAllowedError one answer for both, so that nobody learns who is a customer
    │   ├── FourEyesError             maker and checker are not two different people
    │   ├── AuthenticationError       an operator was not recognized
    │   └── StepUpRequired            an operator must be recognized anew, or by more; says what is missing
    ├── ProtectionError               keys and seals
    │   ├── KeyFileError              the key file is missing, readable by others, or malformed
    │   ├── WrongKeyError             these keys, this key store and this store do not belong together
    │   ├── KeyMissingError           a data key is not in the key store, or was destroyed
    │   └── SealError                 sealed bytes do not open where they stand
    ├── StorageError                  the database
    │   ├── StoreOpenError            it cannot be opened, or is not one of ours
    │   ├── ConflictError             somebody else wrote first; nothing was written here
    │   └── ForkError                 a CIF was carried into a forked process
    ├── DeliveryError                 a notice, or what a feed brings, could not be delivered
    └── AuditError                    the log cannot be written, or what shall vouch for it does not
        └── WitnessError              a witness does not take a checkpoint; carries the size of what it holds

Each class has a stable ``code``. A message names a path and a rule and what to do, **never a customer's value**;
`docs/reference/errors.md` lists them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Protocol

__all__ = [
    "AccessError",
    "AuditError",
    "AuthenticationError",
    "BankCIFError",
    "ConfigurationError",
    "ConflictError",
    "DeliveryError",
    "FileError",
    "FitError",
    "ForkError",
    "FourEyesError",
    "IdentifierError",
    "InputError",
    "IntakeError",
    "KeyFileError",
    "KeyMissingError",
    "MappingError",
    "MissingExtraError",
    "NotFoundOrNotAllowedError",
    "PolicyError",
    "ProtectionError",
    "RuleError",
    "SealError",
    "StepUpRequired",
    "StorageError",
    "StoreOpenError",
    "TrainingError",
    "WitnessError",
    "WrongKeyError",
]


class BankCIFError(Exception):
    """
    The root of all errors of this library.

    Args:
        message: One sentence: what is wrong and what to do. Never a customer's value.
        path: Where, as a JSON path into the form (``$.identifiers[0].number``), or a file and line.
        rule: Which rule, by its stable name.
        cif_no: The customer concerned, where that may be said.

    Attributes:
        audited: Whether the log tells of it already.
    """

    code: ClassVar[str] = "bankcif"

    def __init__(self, message: str, *, path: str = "", rule: str = "", cif_no: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.rule = rule
        self.cif_no = cif_no
        self.audited = False

    def __reduce__(self) -> tuple[Any, ...]:
        # An error may have to be told in another process; what its class needs to be made is in it already.
        return _as_it_was, (type(self), self.args, self.__dict__)


def _as_it_was(kind: type[BankCIFError], args: tuple[Any, ...], parts: dict[str, Any]) -> BankCIFError:
    made = kind.__new__(kind, *args)
    made.args = args
    made.__dict__.update(parts)
    return made


class ConfigurationError(BankCIFError):
    """What was configured cannot work."""

    code = "configuration"


class MappingError(ConfigurationError):
    """A channel mapping contradicts itself or the field catalogue."""

    code = "mapping"


class PolicyError(ConfigurationError):
    """An access policy names a role, field or effect that does not exist."""

    code = "policy"


class RuleError(ConfigurationError):
    """
    A rule is malformed, or does not fit the fields it names.

    Args:
        message: What is wrong.
        position: At which character of its text, from 1; 0 where that is not known.
        path: At which part of its tree, where it came as one, such as ``$.and[1].not``.
    """

    code = "rule"

    def __init__(self, message: str, *, position: int = 0, path: str = "") -> None:
        where = f"character {position}" if position else path.removeprefix("$")
        super().__init__(f"{where}: {message}" if where else message, path=where, rule="rule")
        self.position = position


class MissingExtraError(ConfigurationError):
    """An optional package is needed and not installed; the message names the extra."""

    code = "missing_extra"


class InputError(BankCIFError):
    """What came in cannot be taken."""

    code = "input"


class IdentifierError(InputError):
    """A number has no normalized form."""

    code = "identifier"


class FaultLike(Protocol):
    """What `IntakeError` needs to know of a fault."""

    @property
    def path(self) -> str: ...
    @property
    def rule(self) -> str: ...
    def said(self, language: Literal["zh", "en"] = "en") -> str: ...


class IntakeError(InputError):
    """
    A form has faults; all of them, found at once.

    Attributes:
        faults: Every fault with its path, rule and severity.
    """

    code = "intake"

    def __init__(self, faults: Sequence[FaultLike]) -> None:
        listed = "; ".join(f"{fault.path}: {fault.rule}" for fault in faults)
        super().__init__(f"the form has {len(faults)} fault(s): {listed}")
        self.faults = tuple(faults)


class TrainingError(InputError):
    """A match model can not be learned from this file; the message says why and what helps."""

    code = "training"


class FitError(InputError):
    """What was seen does not carry the model that was to be fitted to it; the message says what is wrong and what would be needed."""

    code = "fit"


class FileError(InputError):
    """A file cannot be read as its channel declares."""

    code = "file"


class AccessError(BankCIFError):
    """The actor may not do this."""

    code = "access"


class NotFoundOrNotAllowedError(AccessError):
    """No such customer, or not for this actor and purpose: one answer for both."""

    code = "not_found_or_not_allowed"


class FourEyesError(AccessError):
    """The step needs a second, different person, or the proposal is no longer what was shown."""

    code = "four_eyes"


class AuthenticationError(AccessError):
    """An operator was not recognized: one answer for an unknown name, a wrong secret and a locked factor."""

    code = "authentication"


class StepUpRequired(AccessError):  # noqa: N818 (what it asks for is its name)
    """
    An operator must be recognized anew, or by more, before this is done.

    Args:
        message: What is missing, for a person.
        missing: ``level``, ``age`` and ``operation``, as far as they are.
        level: Level of assurance that is needed.
        max_age_minutes: How long ago at most they were recognized; None for any time.
        operation: Digest (hexadecimal) that they must be recognized for; empty if none.
    """

    code = "step_up_required"

    def __init__(
        self, message: str, *, missing: tuple[str, ...], level: int, max_age_minutes: int | None, operation: str
    ) -> None:
        super().__init__(message, rule="step_up")
        self.missing = missing
        self.level = level
        self.max_age_minutes = max_age_minutes
        self.operation = operation


class ProtectionError(BankCIFError):
    """Keys and seals."""

    code = "protection"


class KeyFileError(ProtectionError):
    """The key file is missing, readable by others, or malformed."""

    code = "key_file"


class WrongKeyError(ProtectionError):
    """These keys, this key store and this store do not belong together."""

    code = "wrong_key"


class KeyMissingError(ProtectionError):
    """A data key is not in the key store, or was destroyed."""

    code = "key_missing"


class KeyServiceError(ProtectionError):
    """The key service does not answer, or refuses; nothing was written, and the call can be made again."""

    code = "key_service"


class SealError(ProtectionError):
    """Sealed bytes do not open where they stand: changed, moved, or sealed under another key."""

    code = "seal"


class StorageError(BankCIFError):
    """The database refused or failed."""

    code = "storage"


class StoreOpenError(StorageError):
    """The database cannot be opened, or holds something else."""

    code = "store_open"


class ConflictError(StorageError):
    """Somebody else wrote first; nothing was written here."""

    code = "conflict"


class ForkError(StorageError):
    """A CIF was carried into a forked process; open one there."""

    code = "fork"


class DeliveryError(BankCIFError):
    """A notice, or what a feed brings, could not be delivered; it is tried again with the next run."""

    code = "delivery"


class AuditError(BankCIFError):
    """The audit log cannot be written, so the operation did not happen; or what shall vouch for it does not."""

    code = "audit"


class WitnessError(AuditError):
    """
    A witness does not take a checkpoint.

    Args:
        message: What it says.
        rule: ``witness_conflict`` (it holds another checkpoint than the one it was told of), ``witness_split`` (what it
            holds is not a beginning of this log), ``witness_refused`` or ``witness_silent``.
        size: Over how many entries the checkpoint is that it holds; -1 where that is not known.
    """

    code = "witness"

    def __init__(self, message: str, *, rule: str, size: int = -1) -> None:
        super().__init__(message, rule=rule)
        self.size = size

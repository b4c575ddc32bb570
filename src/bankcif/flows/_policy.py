"""The policy in force, as it rests with the store under a keyed mark, and as a running process keeps to it."""

from __future__ import annotations

import hmac
import threading
from functools import lru_cache

import attrs

from .._canonical import dumps, encode, loads, sha256
from .._clock import Clock, to_micros
from ..access import MaskProfiles, Policy, default_policy
from ..errors import PolicyError
from ..protection import Tagger
from ..storage import Repository, UnitOfWork
from ..storage.rows import PolicyRow

__all__ = ["PolicyWatch", "policy_ground", "policy_in_force", "policy_marked", "policy_row"]


def policy_in_force(repository: Repository, digester: Tagger, given: Policy | None) -> Policy:
    """
    The policy that the store works by; in a store without any, *given* or the library's example, which `found_policy` keeps.

    Raises:
        PolicyError: *given* is another than the one in force, or the one in force was changed behind the library's back.
    """
    with repository.unit_of_work() as unit:
        begun = bool(unit.trail.heads())  # asked first: whoever founds a store at this moment commits both at once
        active = unit.policies.active()
    if active is None and not begun:
        return _read(policy_row(given or default_policy()).document)
    policy = _opened(active, digester)
    if given is not None and policy_row(given).digest != policy_row(policy).digest:
        raise PolicyError(
            f"the policy {given.version} is not the one in force, {policy.version}; leave it out, or propose it with  bankcif "
            f"policy propose",
            rule="policy",
        )
    return policy


class PolicyWatch:
    """
    Lets a running process know when another policy comes into force.

    Args:
        repository: The store.
        digester: Makes the marks of policies.
        masks: The process's profiles; a policy that names another is refused.
        clock: Time.
        seconds: How long at most a process goes on by a policy that another one replaced.
        policy: The one it works by.
    """

    def __init__(
        self,
        repository: Repository,
        digester: Tagger,
        masks: MaskProfiles,
        clock: Clock,
        seconds: float,
        policy: Policy,
    ) -> None:
        self._repository, self._digester, self._masks, self._clock = repository, digester, masks, clock
        self._looks = threading.Lock()
        self._micros = int(seconds * 1_000_000)
        self._digest, self._since = policy_row(policy).digest, 0
        self._looked: int | None = to_micros(clock.now())

    def come(self) -> Policy | None:
        """
        The policy that came into force since the last call, if one did; looked for when the time for that has come.

        Raises:
            PolicyError: The one in force was changed, taken out or put back behind the library's back, or names a mask profile
                that this process does not have. So it is at every call until that is mended.
        """
        now = to_micros(self._clock.now())
        if self._looked is not None and 0 <= now - self._looked < self._micros:
            return None
        with self._looks:  # two threads must not find them in another order than they came
            return self._look(now)

    def _look(self, now: int) -> Policy | None:
        self._looked = None
        with self._repository.unit_of_work() as unit:
            active = unit.policies.active()
        policy = None
        if active is None or active.digest != self._digest:
            policy = _opened(active, self._digester)
            for name in policy.profiles:
                self._masks.of(name)
        assert active is not None, "one that was taken out does not open"
        if (active.since or 0) < self._since:
            raise PolicyError("an older policy was put back in the database, not by two persons", rule="policy_mark")
        self._digest, self._since, self._looked = active.digest, active.since or 0, now
        return policy

    def again(self) -> None:
        """Looks at the next call, however long ago it last looked."""
        self._looked = None


def policy_row(policy: Policy) -> PolicyRow:
    """*policy* as it rests, without a mark."""
    document = dumps(policy.document())
    return PolicyRow(digest=sha256("bankcif/v1/policy", document), version=policy.version, document=document)


def policy_marked(digester: Tagger, row: PolicyRow) -> PolicyRow:
    """*row* with the mark over all of it."""
    mark = digester.digest("policy", encode(row.digest, row.version, row.document, row.since, row.until))
    return attrs.evolve(row, mark=mark)


def policy_ground(unit: UnitOfWork) -> dict[str, str]:
    """The policy in force, as the ground of a proposal."""
    active = unit.policies.active()
    return {"policy": active.digest.hex() if active else ""}


def _opened(active: PolicyRow | None, digester: Tagger) -> Policy:
    if active is None:
        raise PolicyError("the policy in force was taken out of the database, not by two persons", rule="policy_mark")
    if not hmac.compare_digest(active.mark, policy_marked(digester, active).mark):
        raise PolicyError("the policy in force was changed in the database, not by two persons", rule="policy_mark")
    return _read(active.document)


@lru_cache(maxsize=16)
def _read(document: bytes) -> Policy:
    """The policy in *document*, read once: a process opens many stores, and most by the same. Whoever calls has looked at its mark, or is about to set it."""
    return Policy.from_document(loads(document))

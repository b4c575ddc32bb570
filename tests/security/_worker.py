"""
A process that works on a store until it is killed, and says what was acknowledged: a line for each deed that returned.

It registers, changes, searches, merges and unmerges, restricts, lifts and erases, rotates data, wrapping and index keys, and makes
checkpoints, in an order of its own.
"""

import random
import sys

import attrs

from bankcif import CIF, Actor, AuthContext, Individual, LocalKeyProvider, Purpose, party_from
from bankcif._clock import SystemClock
from bankcif.audit import FileWitness
from bankcif.errors import AccessError, InputError, StorageError, WrongKeyError
from bankcif.flows.log import LogPlan
from bankcif.flows.merge import Concern
from bankcif.testing import synthetic_tables

EVERY_CONCERN = list(Concern)

url, folder, seed = sys.argv[1:]
chance = random.Random(seed)
clock = SystemClock()
auth = AuthContext(methods=("passkey",), assurance=3, at=clock.now())
roles = {"steward", "auditor", "compliance", "key_custodian", "privacy_officer"}
one = Actor(id="s.wu", roles=roles, auth=auth)
other = attrs.evolve(one, id="s.li", person="s.li")


def said(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 (what the test reads)


keys = LocalKeyProvider.from_file(f"{folder}/keys.json")
with CIF.open(
    url, tenant="t", keys=keys, key_store=f"{folder}/keys.db", tables=synthetic_tables(),
    witnesses=[FileWitness(f"{folder}/witness")], log_plan=LogPlan(entries=7),
) as cif:  # fmt: skip
    said("open")
    known: dict[str, str] = {}
    held: list[str] = []
    while True:
        key = f"K{chance.randrange(200)}"
        deed = chance.choice(
            ["register"] * 8
            + ["find", "merge", "unmerge", "restrict", "restrict", "lift", "erase", "rotate", "checkpoint"]
        )
        try:
            if deed == "register":
                phone = f"154{chance.randrange(10**8):08}"
                form = party_from({"name": "王伟", "phone": phone}, Individual)
                done = cif.customers.register(form, channel="counter", source_key=key, actor=one, occasion="lead")
                known[key] = done.cif_no
                said("registered", key, done.cif_no, phone)
            elif deed == "find" and known:
                number = chance.choice(sorted(known.values()))
                cif.customers.get(number, actor=one, purpose=Purpose.COMPLIANCE)
                said("read", number)
            elif deed == "merge" and len(known) > 1:
                a, b = chance.sample(sorted(known.values()), 2)
                proposal = cif.matches.propose_merge(a, b, accept=EVERY_CONCERN, actor=one, reason="r")
                cif.approvals.approve(proposal.id, actor=other)
                said("merge", proposal.id)
            elif deed == "unmerge" and known:
                b = chance.choice(sorted(known.values()))
                proposal = cif.matches.propose_unmerge(b, actor=one, reason="r")
                cif.approvals.approve(proposal.id, actor=other)
                said("unmerge", proposal.id)
            elif deed in ("restrict", "lift") and known:
                number = chance.choice(sorted(known.values()))
                turn = cif.erasures.restrict if deed == "restrict" else cif.erasures.lift
                turn(number, reason="r", actor=one)
                said(deed, number)
                if deed == "restrict":
                    held.append(number)
            elif deed == "erase" and held:
                proposal = cif.erasures.propose(held.pop(), reason="r", actor=one)
                cif.approvals.approve(proposal.id, actor=other)
                said("erase", proposal.id)
            elif deed == "rotate":
                what = chance.choice(["data", "data", "wrapping", "index"])
                proposal = cif.keys.propose_rotation(what, reason="r", actor=one)
                cif.approvals.approve(proposal.id, actor=other)
                cif.keys.rotate(actor=one)
                said("rotate_keys", proposal.id)
            elif deed == "checkpoint":
                cif.audit.checkpoint(actor=one)
                said("checkpoint")
        except (
            InputError,
            AccessError,
            StorageError,
            WrongKeyError,
        ):  # no further root of indexes, or another was first
            continue

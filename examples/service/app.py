"""
A service over the customer information file, as a bank would run it: operators come from the bank's single sign-on, every request has an id that stands in the audit log, and no log line holds a
customer's value.

    uvicorn --factory app:production          (see README.md for what it reads from the environment)
"""

import json
import logging
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import attrs
from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from bankcif import CIF, Actor, Individual, LocalKeyProvider, Purpose, party_from
from bankcif._clock import Clock, SystemClock
from bankcif.access import OidcSignOn
from bankcif.errors import (
    AuthenticationError,
    BankCIFError,
    ConflictError,
    FourEyesError,
    InputError,
    IntakeError,
    NotFoundOrNotAllowedError,
    StepUpRequired,
)

log = logging.getLogger("cif.service")
STATUS: list[tuple[type[BankCIFError], int]] = [
    (StepUpRequired, 401), (AuthenticationError, 401), (NotFoundOrNotAllowedError, 404), (FourEyesError, 409), (ConflictError, 409), (InputError, 422),
]  # fmt: skip
"""What the service answers; of anything else that it is not well."""


class Form(BaseModel):
    """A customer as a channel delivers them; what it must hold is said by the capture standard of its occasion."""

    channel: str
    source_key: str
    occasion: str = "account"
    values: dict[str, Any]


class Asked(BaseModel):
    """By what a customer is looked for; in the body, since addresses stand in the logs of whatever is in between."""

    phone: str | None = None
    identifier: str | None = None
    scheme: str = "cn.resident_id"


def service(cif: CIF, sign_on: OidcSignOn, clock: Clock | None = None) -> FastAPI:
    """The service over an open file."""
    app = FastAPI(title="Customer information file", version="1")
    clock = clock or SystemClock()

    @app.middleware("http")
    async def one_line(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        """Gives a request its id, and logs it with that, its method, route, status and time: nothing of what it says."""
        request.state.correlation = request.headers.get("x-correlation-id", "")[:64] or secrets.token_hex(8)
        began = time.perf_counter()
        response = await go_on(request)
        route = getattr(request.scope.get("route"), "path", "")  # with {cif_no}, and not with the number
        took = round((time.perf_counter() - began) * 1000, 1)
        said = {
            "correlation": request.state.correlation,
            "method": request.method,
            "route": route,
            "status": response.status_code,
            "ms": took,
        }
        log.info(json.dumps(said))
        response.headers["x-correlation-id"] = request.state.correlation
        return response

    @app.exception_handler(BankCIFError)
    async def told(request: Request, error: BankCIFError) -> JSONResponse:
        """The library's errors name a rule and a path, and never a value, so that they can be passed on."""
        status = next((status for kind, status in STATUS if isinstance(error, kind)), 503)
        body: dict[str, Any] = {
            "code": error.code,
            "rule": error.rule,
            "detail": str(error),
            "correlation": request.state.correlation,
        }
        headers = {}
        if isinstance(error, IntakeError):  # what is wrong where, in the words of whoever sits at the form
            body["faults"] = [
                {"path": one.path, "rule": one.rule, "zh": one.said("zh"), "en": one.said()} for one in error.faults
            ]
        if isinstance(
            error, StepUpRequired
        ):  # the front end sends the operator to the sign-on for more, and asks again
            body |= {"level": error.level, "max_age_minutes": error.max_age_minutes, "operation": error.operation}
            headers["www-authenticate"] = 'Bearer error="insufficient_user_authentication"'
        return JSONResponse(body, status_code=status, headers=headers)

    def operator(request: Request, authorization: Annotated[str, Header()] = "") -> Actor:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise HTTPException(401, "log in", headers={"www-authenticate": "Bearer"})
        actor = sign_on.actor(token, clock=clock)
        return attrs.evolve(
            actor, correlation=request.state.correlation, origin=request.client.host if request.client else ""
        )

    @app.get("/health")
    def health() -> dict[str, str]:
        """Whether the service answers; that the log is whole is verified every night."""
        return {"status": "ok"}

    @app.post("/customers", status_code=201)
    def register(form: Form, actor: Annotated[Actor, Depends(operator)]) -> dict[str, Any]:
        party = party_from(form.values, Individual)
        done = cif.customers.register(
            party, channel=form.channel, source_key=form.source_key, occasion=form.occasion, actor=actor
        )
        return {"cif_no": done.cif_no, "outcome": done.outcome.value, "task": done.task_id}

    @app.post("/customers/find")
    def find(asked: Asked, purpose: Purpose, actor: Annotated[Actor, Depends(operator)]) -> list[dict[str, Any]]:
        by: dict[str, Any] = {"phone": asked.phone} if asked.phone else {"identifier": (asked.scheme, asked.identifier)}
        return [
            {"cif_no": one.cif_no, "name": one.name, "phone": one.phone}
            for one in cif.customers.find(**by, actor=actor, purpose=purpose)
        ]

    @app.get("/customers/{cif_no}")
    def whole(cif_no: str, purpose: Purpose, actor: Annotated[Actor, Depends(operator)]) -> dict[str, Any]:
        """All that the operator may see of a customer, and what is withheld, by name."""
        seen = cif.customers.customer360(cif_no, actor=actor, purpose=purpose)
        tags = [] if seen.portrait is None else [one.name for one in seen.portrait.tags]
        return {
            "cif_no": cif_no,
            "fields": seen.view.values,
            "masked": seen.view.masked_fields,
            "tags": tags,
            "withheld": seen.withheld,
        }

    @app.post("/customers/{cif_no}/reveal")
    def reveal(
        cif_no: str, fields: set[str], purpose: Purpose, actor: Annotated[Actor, Depends(operator)]
    ) -> dict[str, Any]:
        return cif.customers.reveal(cif_no, fields, actor=actor, purpose=purpose)

    @app.post("/matches/{survivor}/{retired}")
    def propose(survivor: str, retired: str, reason: str, actor: Annotated[Actor, Depends(operator)]) -> dict[str, str]:
        return {"proposal": cif.matches.propose_merge(survivor, retired, actor=actor, reason=reason).id}

    @app.get("/approvals")
    def waiting(actor: Annotated[Actor, Depends(operator)]) -> list[dict[str, Any]]:
        return [
            {"id": one.id, "operation": one.operation.value, "maker": one.maker}
            for one in cif.approvals.waiting(actor=actor, purpose=Purpose.OPERATIONS)
        ]

    @app.post("/approvals/{approval_id}/approve")
    def approve(approval_id: str, actor: Annotated[Actor, Depends(operator)]) -> dict[str, str]:
        return {"state": cif.approvals.approve(approval_id, actor=actor).state.value}

    return app


def production() -> FastAPI:
    """The service as the environment says."""
    keys = LocalKeyProvider.from_file(Path(os.environ["CIF_KEYS"]))  # a key service of the bank's in its place
    cif = CIF.open(os.environ["CIF_DB"], tenant=os.environ["CIF_TENANT"], keys=keys, create=False)
    published = json.loads(Path(os.environ["SSO_KEYS"]).read_text(encoding="utf-8"))
    sign_on = OidcSignOn(
        issuer=os.environ["SSO_ISSUER"], audience="cif", keys=published, person="employee_no", branch="unit"
    )
    return service(cif, sign_on)

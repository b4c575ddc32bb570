"""Models as they rest with the store, under a keyed mark."""

from __future__ import annotations

import hmac

import attrs

from .._canonical import dumps, encode, loads, sha256
from ..analytics import ModelCard
from ..errors import InputError, PolicyError
from ..protection import Tagger
from ..storage.model_rows import ModelRow
from ..tagging import Catalogue, Tag, TagKind
from .desk import Desk

__all__ = ["model_marked", "model_named", "model_row", "need_model_tag", "opened_model"]

_DIGEST = 16


def need_model_tag(desk: Desk, card: ModelCard) -> tuple[Catalogue, Tag]:
    catalogue = Catalogue.of("") if desk.tags is None else desk.tags.evaluator.catalogue
    tag = catalogue.tags.get(card.tag)
    if tag is None or tag.kind is not TagKind.MODEL:
        raise InputError(f"{card.tag} is no model tag of the catalogue in force", path="$.tag", rule="unknown_tag")
    return catalogue, tag


def model_row(card: ModelCard, proposal: str) -> ModelRow:
    document = dumps(card.document())
    return ModelRow(
        id=proposal,
        name=card.name,
        version=card.version,
        digest=sha256("bankcif/v1/model", document),
        document=document,
    )


def model_marked(digester: Tagger, row: ModelRow) -> ModelRow:
    content = encode(row.id, row.name, row.version, row.digest, row.document, row.since, row.until)
    return attrs.evolve(row, mark=digester.digest("model", content))


def opened_model(row: ModelRow, digester: Tagger) -> ModelCard:
    good = hmac.compare_digest(row.mark, model_marked(digester, row).mark)
    if not good or sha256("bankcif/v1/model", row.document) != row.digest:
        raise PolicyError("the model was changed in the database, not by two persons", rule="model_mark")
    return ModelCard.from_document(loads(row.document))


def model_named(row: ModelRow) -> str:
    return f"{row.name} {row.version} {row.digest.hex()[:_DIGEST]}"

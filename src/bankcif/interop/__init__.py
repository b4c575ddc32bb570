"""Customers in the forms of other systems, in and out, with what is lost; and what others are told of them."""

from .changes import Change, ChangeKind, CloudEventsFile, Consumer, cloud_event
from .fineract import Fineract
from .gbt31186 import Gbt31186
from .iso20022 import Iso20022, party_from_xml, party_to_xml
from .open_bank import OpenBank
from .shape import Converted, Loss, Shape, Taken

__all__ = [
    "SHAPES",
    "Change",
    "ChangeKind",
    "CloudEventsFile",
    "Consumer",
    "Converted",
    "Fineract",
    "Gbt31186",
    "Iso20022",
    "Loss",
    "OpenBank",
    "Shape",
    "Taken",
    "cloud_event",
    "party_from_xml",
    "party_to_xml",
]

SHAPES: dict[str, Shape] = {one.name: one for one in (Gbt31186(), Iso20022(), OpenBank(), Fineract())}
"""Those of the library, by name."""

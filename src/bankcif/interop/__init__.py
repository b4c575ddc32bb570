"""Customers in the forms of other systems, in and out, with what is lost."""

from .fineract import Fineract
from .gbt31186 import Gbt31186
from .iso20022 import Iso20022, party_from_xml, party_to_xml
from .open_bank import OpenBank
from .shape import Converted, Loss, Shape, Taken

__all__ = [
    "SHAPES",
    "Converted",
    "Fineract",
    "Gbt31186",
    "Iso20022",
    "Loss",
    "OpenBank",
    "Shape",
    "Taken",
    "party_from_xml",
    "party_to_xml",
]

SHAPES: dict[str, Shape] = {one.name: one for one in (Gbt31186(), Iso20022(), OpenBank(), Fineract())}
"""Those of the library, by name."""

"""Write 6: keys, seals and blind indexes."""

from .blind_index import CLAIM_BYTES, SEVERAL, Tagger, Taggers
from .index_plan import FULL_BITS, Frequencies, Frequency, IndexPlan, PlannedIndex, default_frequencies, plan_index
from .keys import DataKey, DataKeys, KeyStore, WrappedKey
from .providers import Bound, KeyProvider, LocalKeyProvider
from .seal import Place, Sealer
from .suites import KEY_ID_BYTES, SUITES, Aes256Gcm, Sm4Gcm, Suite, key_id_of, suite_of
from .transit import TransitKeyProvider

__all__ = [
    "CLAIM_BYTES",
    "FULL_BITS",
    "KEY_ID_BYTES",
    "SEVERAL",
    "SUITES",
    "Aes256Gcm",
    "Bound",
    "DataKey",
    "DataKeys",
    "Frequencies",
    "Frequency",
    "IndexPlan",
    "KeyProvider",
    "KeyStore",
    "LocalKeyProvider",
    "Place",
    "PlannedIndex",
    "Sealer",
    "Sm4Gcm",
    "Suite",
    "Tagger",
    "Taggers",
    "TransitKeyProvider",
    "WrappedKey",
    "default_frequencies",
    "key_id_of",
    "plan_index",
    "suite_of",
]

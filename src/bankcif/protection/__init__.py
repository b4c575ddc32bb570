"""Write 6: keys, seals and blind indexes."""

from .blind_index import CLAIM_BYTES, IndexPlan, Tagger
from .keys import DataKey, DataKeys, KeyStore, WrappedKey
from .providers import Bound, KeyProvider, LocalKeyProvider
from .seal import Place, Sealer
from .suites import KEY_ID_BYTES, SUITES, Aes256Gcm, Sm4Gcm, Suite, key_id_of, suite_of
from .transit import TransitKeyProvider

__all__ = [
    "CLAIM_BYTES",
    "KEY_ID_BYTES",
    "SUITES",
    "Aes256Gcm",
    "Bound",
    "DataKey",
    "DataKeys",
    "IndexPlan",
    "KeyProvider",
    "KeyStore",
    "LocalKeyProvider",
    "Place",
    "Sealer",
    "Sm4Gcm",
    "Suite",
    "Tagger",
    "TransitKeyProvider",
    "WrappedKey",
    "key_id_of",
    "suite_of",
]

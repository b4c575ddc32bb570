"""How the tables of an older store become those of a newer one; run by `bankcif db upgrade`."""

"""
What runs over every row and every pair of a file, compiled.

Written as loops over arrays and compiled to machine code when first called, by Numba (extra ``columns``); what was
compiled is kept on disk beside the package, or in the user's cache, so that the next process loads it. Nothing here is
imported before a whole file is worked on: one record is compared by the same functions as they stand in Python.

No loop looks whether a place lies within its array: whoever calls one has looked. Numbers of 64 bits are unsigned, and are
added to and subtracted from unsigned ones only; what may become negative is made signed first.
"""

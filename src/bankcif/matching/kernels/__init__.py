"""
What runs over every row and every pair of a file, compiled.

Written as loops over arrays and compiled to machine code when first called, by Numba (extra ``columns``); what was
compiled is kept on disk beside the package, or in the user's cache, so that the next process loads it. Nothing here is
imported before a whole file is worked on: one record is compared by the same functions as they stand in Python.

Arrays of 64-bit numbers are unsigned throughout, and meet no signed number in arithmetic.
"""

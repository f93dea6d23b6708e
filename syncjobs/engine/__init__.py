"""The sync engine: decides, and changes nothing. Pure Python: no Django, no HTTP, no clock (``now`` is an argument).

Read in this order; the docstrings are the glossary.

=================== =================================================================================================
``canonical``       when two values count as equal, and the hash of a projection
``transforms``      how a value of one field type becomes a value of another
``types``           which field types may be mapped onto which (the matrix behind the mapping page)
``rules``           one sync's settings as plain data: what a person decided, ready for the functions below
``filters``         which records may cross
``matching``        identifiers: how two records find each other, once
``merge``           one field: who changed it, what is written where, what loses
``references``      associations: which records a record names, merged by what was added and removed
``plan``            one record: all of the above, as a plan that the runner carries out
=================== =================================================================================================

Words: a **side** is ``hub`` or ``app``. A **projection** is the part of a record that a sync tracks: mapped fields, identifiers and
filter fields. **Memory** (``seen``) is a side's projection when both sides last agreed; ``now`` is what was read since. A field
has **changed** when ``now`` differs from that side's *own* memory. A value that is **unknown** (absent key) has never changed.
"""

"""``manage.py matrix``: every (hub, app, object) that the catalogue claims, synced for real and compared.

A pair of apps gets an install and a process of its own, with the vendors' stand-ins and, where there is one, the real server. The
syncs of all its objects are set up with the wizard's defaults in one account (companies before the people who work there), people
work at both sides, and in the end both sides are read over the vendors' own APIs.

============ ============================================================================================================
``apps/``    an adaptor per app: how it is connected, what a person can do there, how all of it is read back
``samples``  the records that are made, by concept
``parts``    an object of a connected app with its counterpart in the hub
``filling``  which records exist at which side
``play``     the story: fill, initial sync, edits, deletions, a merge, a quiet pass
``compare``  what both sides hold, against what the syncs say of themselves
``report``   a row as people and programs read it
============ ============================================================================================================

Nothing here uses a connector's code: what proves a sync must not agree with it by mistake. To add an app: an adaptor, and its name
in ``apps.ADAPTORS`` and ``apps.PAIRS``.
"""

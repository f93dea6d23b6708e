"""``make demo``: the whole product on one machine, with stand-ins for the vendors. Nothing here runs in production.

``install`` starts and stops the processes; ``story`` plays a person who sets up a sync and works in both apps; ``proof`` reads both
stand-ins over their public APIs and compares every mapped value.
"""

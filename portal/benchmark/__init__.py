"""``manage.py benchmark``: how fast the whole engine is beside a bare loop that does the same job and can do nothing else.

=============== ==========================================================================================================
``jobs``        the measured jobs, in one process with the runner's slices: easy to profile
``world``       two accounts of the HubSpot stand-in as hub and app, and the passing of time
``measure``     seconds, CPU seconds, requests and peak memory of a job
``latency``     how long an announced change takes with real workers, while another tenant's initial sync runs
``memory``      a million links, seeded by SQL, against ``endless``: accounts that hold any number of records and no memory
``report``      rows, the table, JSON
=============== ==========================================================================================================

The bare loop is ``tests/benchmarks/bare.py``; without it (an install has no tests) ratios are left out.
"""

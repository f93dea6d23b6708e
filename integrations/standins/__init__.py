"""Stand-ins: local servers that speak the vendors' public APIs, so that all of it runs without a vendor account.

One process (``manage.py standins``), one event loop, one port per vendor, everything in memory. A vendor is a
package with ``create(world, settings) -> Vendor``; the shared parts are:

=============== ============================================================================================
``vendor.py``   what a vendor is, and the clock and people that all vendors of a process share
``people.py``   plausible people from a fixed seed, and how a population is split over two apps
``server.py``   the sockets, and the gate each API request passes: statistics, outage, faults
``faults.py``   rules that make requests fail: refused, slow, answer lost after the effect, …
``limits.py``   sliding-window rate limiter
``webhooks.py`` delivery of notifications with repeats
``control.py``  ``/_control/<verb>``: what tests and a person at the knobs use
``pages.py``    a small human page: list, search, edit, create, archive, merge
``web.py``      request and answer helpers
=============== ============================================================================================
"""

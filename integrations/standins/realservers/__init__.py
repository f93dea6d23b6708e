"""Real servers, nobody's stand-in: Radicale, Xandikos and Tryton, started on loopback ports for demos and tests.

``carddav`` and ``tryton`` know how to start theirs; ``launch`` is what ``manage.py standins --with …`` uses; ``proxy`` stands in
front of one, counts and disturbs. All servers run as children of the process that asked, and end with it.
"""

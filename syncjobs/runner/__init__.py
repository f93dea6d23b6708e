"""The runner acts: it reads pages, asks the engine, writes batches, saves links, and can be killed at any moment.

=================== =================================================================================================
``slices``          one task: take the lease, do steps of the current phase for about ten seconds, hand over
``lease``           compare-and-set on the run; every transaction checks it
``context``         one sync's rows, schemas and abilities as ``engine.rules`` and two connectors
``reading``         what an app lists: scan, change feed, what a complete scan did not show
``inbox``           what was named, or is listed only in part: read by id
``ingest``          records → link rows; equal hash: nothing is written
``links``           a link row: its sides by name, its identifiers, planning it again
``pairing``         phase *match*: half links with one identifier become pairs
``weak``            what a person said of two records with one name
``siblings``        other syncs that fill the same objects: what one of them has made is not made again
``looking``         a look at the records just before an update, where the app takes any write, and before a deletion
``associations``    the twins of related records, and records that wait for one
``partners``        which syncs belong together
``writing``         phase *write*: plan a chunk and send it, batch by batch
``work``            one link on its way through that, and its plan
``creates``         records made: the intent first, then the request
``updates``         records changed and deleted: ledger and expected values first
``settling``        a verdict moves one item's memory; the rows of finished work are written
``recovery``        writes whose answer never came: look before anything is sent again
``parking``         a record at which our own code stumbles is set aside, and the run goes on
``guards``          brakes: a run that would do far more harm than usual stops and asks
``preview``         a draft's full run without writing: what would become of every record
``auditing``        a seventh of the pairs a night, read and compared with what is remembered
``ageing``          records that come into a filter, or leave it, by the passing of time
``undoing``         what a run wrote, taken back value by value from the ledger
``store``           bulk SQL for the hot tables, and exact counts
``statements``      small statements of the hot path, as text
=================== =================================================================================================
"""

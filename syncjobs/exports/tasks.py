"""Background work of exports. A task carries the export's id, nothing else."""

from syncjobs.exports import making
from syncjobs.models import Export


def make(export_id: int) -> None:
    """One slice of one export; does nothing for one that was deleted meanwhile."""
    exports = Export.objects.select_related("sync__hub_instance", "sync__app_instance", "requested_by", "account")
    if found := exports.filter(pk=export_id).first():
        making.make(found)

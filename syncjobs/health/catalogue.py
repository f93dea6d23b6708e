"""The file to open for a failure code: what every code means, in words that people read.

A row in the database stores a **code**, the field and the app's own message; the sentence is put together here when a
page is shown, so a failure stored yesterday reads in today's language. To add a code: one row in the list of its level,
then use the code in a connector or in the engine. ``tests/syncjobs/health/test_catalogue.py`` fails for a code without
an entry.

Texts may contain ``{app}`` (the app that refused, or whose side it is about), ``{other}`` (the app at the other side)
and ``{field}`` (its label). ``title`` names it in a few words, ``cause`` says what happened, ``tip`` what to do next.

``retry``: **T** transient, again by itself · **L** waits for a stated time · **W** waits for another record · **C** again
when the record, mapping or schema changes · **X** a person decides · **S** stops the sync until it is fixed · "" nothing.
``fix``: where it is put right, so that a page can offer one button: ``reconnect``; ``direction``, ``limits``, ``mappings``
(steps of the wizard); ``resume``; ``resync``; ``record`` (in the app itself); or "" (nothing to do).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

CONNECTION, CONFIGURATION, VALUE, IDENTITY = "connection", "configuration", "value", "identity"
ASSOCIATION, OURS, EXCLUSION, NOTE = "association", "ours", "exclusion", "note"


@dataclass(frozen=True, slots=True)
class Entry:
    code: str
    title: Any  # translated when it is shown
    cause: Any
    tip: Any
    retry: str
    level: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """An entry with its placeholders filled in: ready to show."""

    code: str
    title: str
    cause: str
    tip: str
    retry: str
    level: str
    fix: str

    @property
    def retry_words(self) -> str:
        return str(RETRY_WORDS.get(self.retry, ""))


RETRY_WORDS = {
    "T": _("Tried again by itself."),
    "L": _("Goes on by itself at the stated time."),
    "W": _("Goes on by itself as soon as the other record is across."),
    "C": _("Tried again when the record, the mapping or the field changes."),
    "X": _("Waits for your decision."),
    "S": _("The sync waits until this is put right. Nothing is lost."),
}


def _entries(level: str, rows: Iterable[tuple[Any, ...]]) -> list[Entry]:
    """``rows``: code, retry, title, cause, tip and, where there is one, fix."""
    return [Entry(code, title, cause, tip, retry, level, *fix) for code, retry, title, cause, tip, *fix in rows]


# fmt: off
_CONNECTION = _entries(CONNECTION, [
    ("AUTH_EXPIRED", "S", _("Login expired"),
     _("{app} no longer accepts the login, and it could not be renewed."),
     _("Reconnect {app}. Changes made meanwhile are kept and sent afterwards."), "reconnect"),
    ("AUTH_REVOKED", "S", _("Access was withdrawn"),
     _("{app} says that access was withdrawn: the app was removed, the user left or the key changed."),
     _("Ask an admin of {app} to connect it again, best with a service user."), "reconnect"),
    ("DISCONNECTED", "S", _("Disconnected here"),
     _("{app} was disconnected on Syncline's pages. Links and settings are kept."),
     _("Connect the same account of {app} again, and the sync goes on where it stopped."), "reconnect"),
    ("SCOPE_MISSING", "S", _("A permission is missing"),
     _("{app} was connected without a permission that this needs."),
     _("Reconnect {app} and accept all listed permissions."), "reconnect"),
    ("API_ACCESS_DISABLED", "S", _("API access is off"),
     _("The plan or the admin of {app} does not allow API access."),
     _("Ask the admin of {app} to turn API access on, then check again."), "reconnect"),
    ("ACCOUNT_CHANGED", "S", _("Another account was connected"),
     _("The login opens another {app} account than the one these records belong to."),
     _("Reconnect with the first account, or connect the new one as a second account."), "reconnect"),
    ("QUOTA_DAY_EXCEEDED", "L", _("Daily limit of {app} is used up"),
     _("{app} takes no more calls today."),
     _("Wait for the reset, or ask {app} for a higher limit. Nothing is lost.")),
    ("QUOTA_ALLOCATION_REACHED", "L", _("Our share of the call limit is used up"),
     _("The calls allowed to Syncline for {app} are used up."),
     _("Raise the share, or wait. New records go first.")),
    ("RATE_LIMITED", "L", _("{app} asked us to slow down"),
     _("{app} takes only so many calls a minute."),
     _("Nothing to do: we go on as soon as {app} allows.")),
    ("REMOTE_UNAVAILABLE", "T", _("{app} is not available"),
     _("{app} is down or did not take the call."),
     _("Nothing to do: we try again. If it lasts, look at the status page of {app}.")),
    ("REMOTE_TIMEOUT", "T", _("{app} did not answer in time"),
     _("{app} gave no answer. We look up what became of the call before sending anything again."),
     _("Nothing to do: we look again.")),
    ("NETWORK_BLOCKED", "S", _("The address is not allowed"),
     _("The address of {app} is not https, points into an internal network, or this server may not reach it."),
     _("Correct the address, or allow it for this server, then reconnect."), "reconnect"),
    ("WEBHOOK_BROKEN", "T", _("No live notices from {app}"),
     _("{app} sent no notices, or they were not signed by {app}, although it has changes."),
     _("We ask {app} every minute instead. Reconnect to register for notices again."), "reconnect"),
    ("REMOTE_SCHEMA_UNREADABLE", "T", _("The fields of {app} cannot be read"),
     _("{app} did not tell which fields it has."),
     _("Check that the connected user may see the definitions of this object."), "reconnect"),
    ("CURSOR_EXPIRED", "T", _("Reading {app} from the start"),
     _("{app} no longer knows where we stopped reading its changes."),
     _("Nothing to do: all records are read once more, then changes as before.")),
])

_CONFIGURATION = _entries(CONFIGURATION, [
    ("FIELD_MISSING", "C", _("Mapped field is gone"),
     _("{field} does not exist in {app} any more: it was deleted or renamed."),
     _("Choose another field in the mappings. All other fields go on."), "mappings"),
    ("FIELD_TYPE_CHANGED", "C", _("Mapped field changed its type"),
     _("{field} in {app} has another type than when it was mapped."),
     _("Approve the mapping again or choose another field."), "mappings"),
    ("FIELD_READ_ONLY", "C", _("Field cannot be written"),
     _("{app} does not allow {field} to be changed through its API."),
     _("Make this mapping one-way, away from {app}."), "mappings"),
    ("FIELD_NO_PERMISSION", "C", _("No right to edit the field"),
     _("The connected user may not edit {field} in {app}."),
     _("Give the connected user the right to read and edit it."), "record"),
    ("OBJECT_NO_PERMISSION", "S", _("No right to edit these records"),
     _("The connected user may not see, create or edit these records in {app}."),
     _("Give the connected user these rights in {app}, then resume."), "resume"),
    ("TYPE_INCOMPATIBLE", "C", _("Value does not fit the field"),
     _("The value cannot be turned into the type of {field} in {app}."),
     _("Map it to another field."), "mappings"),
    ("OPTION_UNMAPPED", "C", _("Choice has no counterpart"),
     _("The value chosen in {other} has no counterpart in {field} of {app}."),
     _("Pair the value in the mapping of {field}."), "mappings"),
    ("OPTION_NOT_ALLOWED", "C", _("Value not allowed in {app}"),
     _("{app} allows only listed values for {field}, and this is none of them."),
     _("Add the value in {app}, or pair it with an allowed one in the mapping."), "mappings"),
    ("REQUIRED_MAPPING_OFF", "C", _("A required field is not mapped"),
     _("{app} asks for {field}, and its mapping is off."),
     _("Turn the mapping on, or set a fixed value."), "mappings"),
    ("TRANSFORM_FAILED", "C", _("A rule could not be applied"),
     _("The rule on {field} failed for this record."),
     _("Look at the rule of this mapping."), "mappings"),
    ("MATCH_KEY_UNMAPPED", "C", _("Matching field cannot be read"),
     _("{field}, by which records are matched, is not readable in {app}."),
     _("Choose another matching field."), "direction"),
    ("STAGE_UNMAPPED", "C", _("Stage has no counterpart"),
     _("The pipeline or stage has no pair in {app}."),
     _("Pair the stages in the mapping."), "mappings"),
    ("CURRENCY_UNSUPPORTED", "C", _("Currency is unknown in {app}"),
     _("{app} does not have the currency of this record."),
     _("Add the currency in {app}."), "record"),
    ("OWNER_UNMAPPED", "C", _("Owner has no counterpart"),
     _("{app} has no active user with this name or e-mail address. The record syncs without its owner."),
     _("Add the user in {app}, or choose a fallback owner."), "mappings"),
    ("CONSTANT_FIELD_INVALID", "C", _("Fixed value was refused"),
     _("{app} does not take the fixed value for {field}, or the field is gone."),
     _("Choose a text field or another value."), "mappings"),
    ("LIST_OR_TAG_MISSING", "S", _("A chosen list is gone"),
     _("A list or tag of {app} that this sync reads or fills was deleted or made private."),
     _("Choose another list, or share it again in {app}."), "limits"),
    ("TAG_LIMIT_REACHED", "C", _("Too many tags"),
     _("{app} allows fewer tags than are chosen."),
     _("Untick some of them."), "limits"),
    ("CUSTOM_OBJECT_LIMIT", "X", _("Too many objects"),
     _("{app} allows no more objects to be synced."),
     _("Turn another sync off first."), "resume"),
])

_VALUE = _entries(VALUE, [
    ("REQUIRED_VALUE_BLANK", "C", _("Required value is blank"),
     _("{app} asks for {field}, and this record has none."),
     _("Fill it in in {other}."), "record"),
    ("EMAIL_INVALID", "C", _("E-mail address is not valid"),
     _("{app} does not take the e-mail address of this record."),
     _("Correct it in {other}."), "record"),
    ("PHONE_INVALID", "C", _("Phone number is not valid"),
     _("{app} does not take the phone number in {field}."),
     _("Correct it in {other}, with its country code."), "record"),
    ("URL_INVALID", "C", _("Web address is not valid"),
     _("{app} does not take the web address in {field}."),
     _("Correct it in {other}."), "record"),
    ("NUMBER_INVALID", "C", _("Number is not valid"),
     _("The value of {field} is no number, out of range or has too many decimals for {app}."),
     _("Correct it in {other}."), "record"),
    ("DATE_INVALID", "C", _("Date is not valid"),
     _("{app} cannot read the date in {field}, or it is out of range."),
     _("Correct it in {other}."), "record"),
    ("VALUE_TOO_LONG", "C", _("Value is too long"),
     _("The value of {field} is longer than {app} allows."),
     _("Shorten it in {other}, or map it to a longer field."), "mappings"),
    ("COUNTRY_STATE_INVALID", "C", _("Country or state is not known"),
     _("{app} does not know the value of {field}, or the state lacks its country."),
     _("Use the standard name in {other}."), "record"),
    ("ENCODING_INVALID", "C", _("Characters are not allowed"),
     _("{field} contains characters that {app} refuses."),
     _("Remove them in {other}."), "record"),
    ("VALIDATION_RULE", "C", _("{app} refused the record"),
     _("A rule or check in {app} refused it; its own message says why."),
     _("Ask the admin of {app}, or correct the record."), "record"),
    ("RECORD_TOO_LARGE", "C", _("Record is too large"),
     _("The record is larger than {app} takes in one call."),
     _("Leave the long fields out of the mapping."), "mappings"),
    ("ATTACHMENT_REFUSED", "C", _("Attachment was refused"),
     _("{app} does not take files of this type or size."),
     _("Convert the file, or leave attachments out."), "record"),
    ("NOT_POSSIBLE_IN_APP", "C", _("{app} cannot do this"),
     _("The API of {app} has no way to make this change. Nothing was sent."),
     _("Make the change by hand in {app}; we notice it."), "record"),
])

_IDENTITY = _entries(IDENTITY, [
    ("UNIQUE_VALUE_TAKEN", "X", _("Another record has this value"),
     _("{app} already has another record with the same value in {field}."),
     _("Open both records; merge them or change the value. Then resync. Where two records have exchanged the value: pause the sync,"
       " exchange it in {app} by hand, then resume."), "record"),
    ("DUPLICATE_RULE_BLOCKED", "X", _("Stopped by a duplicate rule"),
     _("A duplicate rule of {app} did not let the record in."),
     _("Merge the records in {app}, or relax the rule."), "record"),
    ("DUPLICATE_IN_SOURCE", "X", _("Several records share one identifier"),
     _("Two or more records of {app} have the same identifier; another one of them syncs."),
     _("Merge them in {app}, or correct the identifier of one."), "record"),
    ("SHARED_IDENTIFIER", "X", _("Different records share one identifier"),
     _("Records of {app} with different names have the same identifier, such as the mailbox of a team; another one of them syncs."),
     _("Give each an identifier of its own in {app}; if they are one and the same, merge them."), "record"),
    ("AMBIGUOUS_MATCH", "X", _("Matches several records"),
     _("The record matches more than one record of {app}."),
     _("Merge them in {app}, or correct the identifier of one."), "record"),
    ("WEAK_MATCH", "X", _("Only a weak match"),
     _("The records match only by a weak identifier, such as a name."),
     _("Compare the two on the record's page, then say there whether they are the same."), "record"),
    ("CREATE_UNCONFIRMED", "X", _("Creation was not confirmed"),
     _("{app} gave no answer when the record was created there, and nothing tells whether it was."),
     _("Look for it in {app}, then say on the record's page whether it is there: link it, or create it again."), "record"),
    ("LINK_CONFLICT", "X", _("Already linked to another record"),
     _("The record of {app} is already linked to another record."),
     _("Merge the two records, or correct the identifier of one."), "record"),
    ("EMAIL_CHANGED_TO_EXISTING", "X", _("New e-mail address belongs to another record"),
     _("The changed e-mail address is that of another linked record."),
     _("Merge the records, or restore the old address."), "record"),
    ("DELETED_IN_HUB", "X", _("Deleted in the hub"),
     _("The record was deleted in {app}. Its counterpart in {other} was kept."),
     _("Delete the counterpart too, or create the record again."), "record"),
    ("DELETED_IN_APP", "X", _("Deleted in the app"),
     _("The record was deleted in {app}. Its counterpart in {other} was kept."),
     _("Delete the counterpart too, or create the record again."), "record"),
    ("RECORD_GONE", "X", _("Record does not exist any more"),
     _("{app} says that this record was deleted or archived."),
     _("Restore it in {app}, or delete its counterpart."), "record"),
    ("UNDO_EDITED_SINCE", "", _("Edited since"),
     _("{field} in {app} is not what the run wrote any more, so the undo left it alone."),
     _("Nothing to do, or change it back in {app} by hand."), "record"),
    ("UNDO_NOT_CERTAIN", "X", _("Not certain that the run made it"),
     _("{app} did not confirm that this run made the record, so the undo did not delete it."),
     _("Look at it in {app}, and delete it there if it should not be."), "record"),
    ("MERGED_AWAY", "X", _("Merged into another record"),
     _("{app} merged this record into another one."),
     _("Nothing to do if the other record syncs; else correct its identifier."), "record"),
    ("CONVERTED_AWAY", "C", _("Lives on in another record"),
     _("{app} converted the record into one of another kind, or shows a newer one of the same person in its place."),
     _("If it is of another kind now, set up a sync for that kind too.")),
    ("RECORD_NOT_VISIBLE", "C", _("Record is hidden from us"),
     _("The record exists in {app}, and the connected user may not see it."),
     _("Share it with the connected user."), "record"),
    ("RECORD_LOCKED", "C", _("Record is locked"),
     _("The record is archived, locked or in the bin of {app}."),
     _("Unlock or restore it."), "record"),
    ("ROW_CONTENTION", "T", _("Record was busy"),
     _("Someone else wrote the record in {app} at the same moment."),
     _("Nothing to do: we try again.")),
    ("STALE_WRITE", "T", _("Record changed while we wrote"),
     _("The record changed in {app} between our reading and our writing."),
     _("Nothing to do: we read it again and merge.")),
    ("CONFLICT_UNRESOLVED", "X", _("Both sides changed"),
     _("{field} was changed at both sides, and you asked to decide yourself."),
     _("Open the record and choose which value to keep, or choose another rule for the field."), "mappings"),
    ("LIVELOCK_SUSPECTED", "X", _("Two tools fight over a field"),
     _("{field} was changed to and fro several times: another tool or automation writes it too."),
     _("Make this mapping one-way, or stop the other tool."), "mappings"),
])

_ASSOCIATION = _entries(ASSOCIATION, [
    ("PARENT_NOT_SYNCED_YET", "W", _("Waits for a related record"),
     _("The related record is not across yet."),
     _("Nothing to do: it follows.")),
    ("PARENT_SYNC_OFF", "W", _("Related records do not sync"),
     _("No sync runs for the related record."),
     _("Set up a sync for it, or leave the relation out."), "mappings"),
    ("PARENT_FAILED", "W", _("Related record failed"),
     _("The related record failed itself."),
     _("Put that one right; this one follows."), "record"),
    ("PARENT_EXCLUDED", "W", _("Related record is excluded"),
     _("The related record does not match the filter of its sync."),
     _("Widen that filter."), "limits"),
    ("ASSOCIATION_LIMIT", "C", _("Too many relations"),
     _("{app} allows no more relations on this record."),
     _("Remove some in {app}."), "record"),
    ("ASSOCIATION_TYPE_UNSUPPORTED", "C", _("Relation is not possible"),
     _("{app} has no such relation."),
     _("Leave it out of the mapping."), "mappings"),
    ("LABEL_UNMAPPED", "C", _("Label has no counterpart"),
     _("The label of the relation has no pair in {app}."),
     _("Pair the label."), "mappings"),
    ("PRIMARY_AMBIGUOUS", "C", _("No primary company"),
     _("{app} takes one company, and none of several is the primary one."),
     _("Mark one as primary in {other}."), "record"),
    ("ACTIVITY_TARGET_MISSING", "W", _("Person is not across yet"),
     _("There is no record to attach the activity to."),
     _("Sync the person first.")),
    ("ACTIVITY_TYPE_UNMAPPED", "C", _("Activity type has no counterpart"),
     _("The type or outcome has no pair in {app}."),
     _("Pair it in the mapping."), "mappings"),
    ("PARTICIPANT_UNKNOWN", "C", _("A participant is unknown"),
     _("A participant matches no record. The activity syncs without."),
     _("Add the person, if wanted."), "record"),
])

_OURS = _entries(OURS, [
    ("GUARD_MASS_DELETE", "S", _("Stopped before deleting many records"),
     _("This run would delete far more records than usual, so it stopped before the first."),
     _("Check that the deletions are meant, then resume."), "resume"),
    ("GUARD_MASS_UPDATE", "S", _("Stopped before changing many records"),
     _("This run would change or blank far more records than usual, so it stopped before the first."),
     _("Check the mappings, then resume."), "resume"),
    ("GUARD_MASS_CREATE", "S", _("Stopped before creating many records"),
     _("This run would create far more records than usual, so it stopped before the first."),
     _("Check how records are matched, then resume."), "resume"),
    ("GUARD_MANY_REFUSED", "S", _("Stopped because many records were refused"),
     _("{app} refused more than 30 % of what this run wrote, so something is wrong with the settings rather than the records."),
     _("Open the failed records, fix their common cause, then resume."), "resume"),
    ("INTERNAL_ERROR", "T", _("Something went wrong on our side"),
     _("An unexpected fault. No record was harmed: work stopped before the next step."),
     _("We try again. If it lasts, tell your operator what the detail says."), "resync"),
    ("RECORD_PARKED", "C", _("Set aside after a fault of ours"),
     _("Syncline stumbled over this record several times in a row, so it was set aside and all others go on. "
       "Its last change was not written to the other side."),
     _("Resync it. If it is set aside again, tell your operator: the log of that moment names the fault."), "resync"),
    ("ID_TOO_LONG", "C", _("Its id is too long"),
     _("{app} names this record, or its version, by more characters than Syncline can keep (200 and 120), so it was left alone."),
     _("Nothing was changed, and all others go on. Tell your operator which app and record it is.")),
    ("AWAITS_RUN", "", _("Waits for its turn"),
     _("The record changed, and no run has come to it yet."),
     _("Nothing to do: the next run writes it.")),
    ("EXPORT_FAILED", "T", _("The export could not be made"),
     _("The file could not be written."),
     _("Export again.")),
])

_EXCLUSION = _entries(EXCLUSION, [
    ("FILTER_NOT_MATCHED", "", _("Does not match the filter"),
     _("The record of {app} matches none of the filter's groups."),
     _("Change the filter or the record."), "limits"),
    ("NO_IDENTIFIER", "", _("No identifier"),
     _("The record of {app} has no value to match it by, such as an e-mail address."),
     _("Fill it in, or allow records without it."), "limits"),
    ("EMAIL_REQUIRED", "", _("No e-mail address"),
     _("Only records with a valid e-mail address sync, and this record of {app} has none."),
     _("Fill in the address, or clear the box “Only sync contacts with an email address”."), "limits"),
    ("NOT_IN_LIST", "", _("In none of the chosen lists"),
     _("The record is in none of the lists of {app} that this sync reads."),
     _("Add it to one of them, or choose more lists."), "limits"),
    ("LEFT_FILTER", "", _("No longer matches the filter"),
     _("The record was in sync and stopped matching the filter."),
     _("Change the record or the filter, or let such records go on syncing."), "limits"),
    ("DIRECTION_ONE_WAY", "", _("Only at the receiving side"),
     _("The record exists only in {app}, and this sync only writes to {app}."),
     _("Change the direction, if wanted."), "direction"),
    ("BEFORE_START_DATE", "", _("Older than the start date"),
     _("The record was there before this sync started, and only newer ones sync."),
     _("Include existing records in the limits."), "limits"),
    ("SYNCS_AS_ANOTHER_KIND", "", _("Syncs as another kind of record"),
     _("The record of {app} is linked to a record of another kind in {other}, a lead for example, by another sync."),
     _("Nothing to do. When that record is converted, this sync takes over.")),
    ("OUT_OF_ACTIVITY_WINDOW", "", _("Outside the time window"),
     _("The activity is older than the chosen window."),
     _("Widen the window."), "limits"),
    ("COVERED_BY_ACTIVITY_SYNC", "", _("Covered by activity sync"),
     _("Activity sync already brings this across."),
     _("Nothing to do.")),
    ("SOURCE_TOOL_NOT_SUPPORTED", "", _("Made by a tool that does not sync"),
     _("Records of this tool are not brought across."),
     _("Nothing to do.")),
    ("OPTED_OUT", "", pgettext_lazy("person", "Opted out"),
     _("The person opted out, so the record is not brought across."),
     _("Nothing to do.")),
    ("ERASED", "", _("Erased on request"),
     _("The person was erased for privacy and must not come back."),
     _("Nothing to do.")),
    ("MANUALLY_EXCLUDED", "", _("Excluded by hand"),
     _("Someone excluded this record."),
     _("Include it again, if wanted."), "record"),
])

_NOTES = _entries(NOTE, [
    ("STAYED_IN_OTHER_LIST", "", _("Stayed in another list"),
     _("The person was already in another list of {app}, so it was updated there and not added to the chosen list."),
     _("Move it in {app}, if wanted."), "record"),
    ("CANNOT_CLEAR", "C", _("Blank could not be sent"),
     _("{app} cannot store a blank over a value, so {field} keeps its old value there."),
     _("Clear it by hand in {app}."), "record"),
    ("LOSSY_FIELD", "", _("{app} stores the value differently"),
     _("{app} rewrote or cut {field}. The full value stays in {other}."),
     _("Nothing to do, unless the cut matters: then map a longer field."), "mappings"),
])
# fmt: on

CATALOGUE: dict[str, Entry] = {
    entry.code: entry
    for level in (_CONNECTION, _CONFIGURATION, _VALUE, _IDENTITY, _ASSOCIATION, _OURS, _EXCLUSION, _NOTES)
    for entry in level
}


def describe(code: str, *, app: str = "", other: str = "", field: str = "") -> Words:
    """The words for a stored code. An unknown code reads as an internal error that names it, never as a crash."""
    entry = CATALOGUE.get(code)
    if entry is None:
        entry = CATALOGUE["INTERNAL_ERROR"]
    names = {
        "app": app or gettext("the app"),
        "other": other or gettext("the other app"),
        "field": f"“{field}”" if field else gettext("a field"),
    }
    title, cause, tip = (_sentence(str(text).format(**names)) for text in (entry.title, entry.cause, entry.tip))
    return Words(code or entry.code, title, cause, tip, entry.retry, entry.level, entry.fix)


def _sentence(text: str) -> str:
    """Starts with a capital where a stand-in name ("the app …") comes first; an app's own name stays as it is written."""
    stand_ins = (gettext("the app"), gettext("the other app"), gettext("a field"))
    return text[:1].upper() + text[1:] if text.startswith(stand_ins) else text

"""Default association types as data: (from, to, type id, label). The other direction has its own row."""

from dataclasses import dataclass

HUBSPOT = "HUBSPOT_DEFINED"


@dataclass(frozen=True)
class AssociationType:
    type_id: int
    label: str | None = None
    category: str = HUBSPOT
    name: str = ""
    inverse: int = 0  # type id of the other direction

    def shown(self) -> dict[str, object]:
        return {"category": self.category, "typeId": self.type_id, "label": self.label}


# from to unlabelled back | label, there, back
_ROWS = """
contact company 279 280 | Primary 1 2
deal company 341 342 | Primary 5 6
deal contact 3 4
ticket company 339 340 | Primary 26 25
ticket contact 16 15
deal ticket 27 28
deal line_item 19 20
lead contact 608 609 | Primary 578 579
lead company 610 611 | Primary 580 581
invoice contact 177 178
invoice company 179 180
invoice deal 175 176
invoice line_item 409 410
call contact 194 193
call company 182 181
call deal 206 205
call ticket 220 219
email contact 198 197
email company 186 185
email deal 210 209
email ticket 224 223
meeting_event contact 200 199
meeting_event company 188 187
meeting_event deal 212 211
meeting_event ticket 226 225
note contact 202 201
note company 190 189
note deal 214 213
note ticket 228 227
task contact 204 203
task company 192 191
task deal 216 215
task ticket 230 229
company company 450 450 | Parent 14 13
contact contact 449 449
"""


def default_types() -> dict[tuple[str, str], dict[int, AssociationType]]:
    """By (from, to) singular names, then by type id; the first one of each is the unlabelled one."""
    found: dict[tuple[str, str], dict[int, AssociationType]] = {}
    for line in filter(str.strip, _ROWS.splitlines()):
        plain, _, labelled = line.partition("|")
        source, target, there, back = plain.split()
        _add(found, source, target, int(there), int(back), None)
        if labelled:
            label, there, back = labelled.split()
            _add(found, source, target, int(there), int(back), label)
    return found


def _add(found: dict, source: str, target: str, there: int, back: int, label: str | None) -> None:
    for start, end, own, other in ((source, target, there, back), (target, source, back, there)):
        name = f"{start}_to_{end}" + ("" if label is None else f"_{label.lower()}")
        shown = ("Child" if own == 13 else label) if label == "Parent" else label
        found.setdefault((start, end), {})[own] = AssociationType(own, shown, HUBSPOT, name, other)

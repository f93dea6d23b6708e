"""What an account holds beside people and companies: products, deals, tickets, invoices, leads and activities, tied together.

A share of the companies has business, at most ``MOST`` of them, so that an account of 100,000 people starts as fast as before. The
people are those whose e-mail domain the company has. Quiet: nobody is notified.
"""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from integrations.standins.hubspot.values import iso

if TYPE_CHECKING:
    from integrations.standins.hubspot.portal import Portal
    from integrations.standins.hubspot.table import Values

DAY = 86_400_000
EVERY, MOST = 2, 600  # one company in two has business
PRODUCTS = (
    ("Starter licence", "SL-100", "49"),
    ("Team licence", "TL-200", "199.90"),
    ("Enterprise licence", "EL-300", "1490"),
    ("Onboarding day", "OB-010", "980"),
    ("Support, one year", "SU-365", "650"),
    ("Training, ten people", "TR-010", "2400"),
)
DEAL_NAMES = ("New licences", "Renewal", "Extension", "Pilot project", "Training")
TICKET_NAMES = ("Cannot sign in", "Question about an invoice", "Import fails", "Feature request", "Slow report")
TASK_NAMES = ("Send offer", "Call back", "Prepare meeting", "Check contract")
DIALLED = ("f240bbac-87c9-4f6e-bf70-924b57d47db7", "b2cf5968-551e-4856-9783-52b3da59a7d0")

Put = Callable[..., int]
"""``put(kind, values, ms)``: a record of that moment, its id."""


def fill(portal: "Portal", employees: dict[int, list[int]], put: Put, seed: int) -> None:
    """``employees``: ids of contacts by id of their company."""
    chance = random.Random(f"{seed}/business")
    now = portal.clock.ms()
    for name, sku, price in PRODUCTS:
        put(
            "products", {"name": name, "hs_sku": sku, "price": price, "description": f"{name} ({sku})"}, now - 400 * DAY
        )
    owners = [owner.id for owner in portal.owners if not owner.archived]
    for company, people in list(employees.items())[::EVERY][:MOST]:
        _Business(portal, company, people, put, chance, now - chance.randint(20, 400) * DAY, owners).fill()


class _Business:
    """The records around one company."""

    def __init__(
        self,
        portal: "Portal",
        company: int,
        people: list[int],
        put: Put,
        chance: random.Random,
        at: int,
        owners: list[str],
    ) -> None:
        self.portal, self.company, self.people, self.put = portal, company, people, put
        self.chance, self.at, self.owners = chance, at, owners
        self.name = portal.tables["companies"].records[company].values.get("name", "")

    def fill(self) -> None:
        deal = self._deal()
        ticket = self._ticket() if self.chance.random() < 0.5 else None
        if self.chance.random() < 0.4:
            self._invoice(deal)
        if self.chance.random() < 0.3:
            self._lead()
        self._activities(deal, ticket)

    def _made(self, kind: str, values: "Values", later: int = 0) -> int:
        return self.put(kind, {**values, "hubspot_owner_id": self.chance.choice(self.owners)}, self.at + later * DAY)

    def _tie(self, kind: str, id: int, target: str, other: int, *types: int) -> None:
        self.portal.associations.connect(kind, id, target, other, types)

    def _deal(self) -> int:
        stages = list(self.portal.pipelines["deals"]["default"].stages)
        deal = self._made("deals", {
            "dealname": f"{self.name}: {self.chance.choice(DEAL_NAMES)}", "pipeline": "default",
            "dealstage": self.chance.choice(stages), "amount": str(self.chance.randint(5, 400) * 100),
            "deal_currency_code": self.chance.choice(("EUR", "USD")), "dealtype": "newbusiness",
            "closedate": iso(self.at + self.chance.randint(30, 120) * DAY),
        })  # fmt: skip
        self._tie("deal", deal, "company", self.company, 5)
        for person in self.people[:2]:
            self._tie("deal", deal, "contact", person)
        return deal

    def _ticket(self) -> int:
        ticket = self._made("tickets", {
            "subject": self.chance.choice(TICKET_NAMES), "content": "It happened this morning.", "hs_pipeline": "0",
            "hs_pipeline_stage": self.chance.choice("1234"), "hs_ticket_priority": self.chance.choice(("LOW", "MEDIUM", "HIGH")),
        }, 3)  # fmt: skip
        self._tie("ticket", ticket, "company", self.company, 26)
        self._tie("ticket", ticket, "contact", self.people[0])
        return ticket

    def _invoice(self, deal: int) -> None:
        invoice = self._made("invoices", {
            "hs_currency": "EUR", "hs_invoice_date": iso(self.at + 5 * DAY), "hs_due_date": iso(self.at + 35 * DAY),
            "hs_invoice_status": self.chance.choice(("draft", "open", "paid")), "hs_invoice_billable": "false",
            "hs_number": f"INV-{1000 + deal}", "hs_amount_billed": str(self.chance.randint(5, 400) * 100),
        }, 5)  # fmt: skip
        self._tie("invoice", invoice, "company", self.company)
        self._tie("invoice", invoice, "contact", self.people[0])
        self._tie("invoice", invoice, "deal", deal)

    def _lead(self) -> None:
        lead = self._made("leads", {
            "hs_lead_name": f"{self.name}: lead", "hs_lead_type": "NEW BUSINESS", "hs_lead_label": "WARM",
            "hs_pipeline": "lead-pipeline-id", "hs_pipeline_stage": "new-stage-id",
        })  # fmt: skip
        self._tie("lead", lead, "contact", self.people[0], 578)
        self._tie("lead", lead, "company", self.company, 580)

    def _activities(self, deal: int, ticket: int | None) -> None:
        when, person = iso(self.at + DAY), self.people[0]
        end, dialled = iso(self.at + DAY + 3_600_000), self.chance.choice(DIALLED)
        made: dict[str, tuple[str, Values]] = {
            "call": ("calls", {
                "hs_call_title": f"Call with {self.name}", "hs_call_direction": "OUTBOUND", "hs_call_status": "COMPLETED",
                "hs_call_duration": "420000", "hs_call_disposition": dialled,
            }),
            "email": ("emails", {
                "hs_email_subject": "Our offer", "hs_email_direction": "EMAIL", "hs_email_status": "SENT",
                "hs_email_text": "Please find our offer attached.",
            }),
            "meeting_event": ("meetings", {
                "hs_meeting_title": f"Meeting at {self.name}", "hs_meeting_start_time": when, "hs_meeting_end_time": end,
                "hs_meeting_outcome": "COMPLETED",
            }),
            "note": ("notes", {"hs_note_body": f"<p>{self.name} wants to start soon.</p>"}),
            "task": ("tasks", {
                "hs_task_subject": self.chance.choice(TASK_NAMES), "hs_task_status": "NOT_STARTED",
                "hs_task_priority": "MEDIUM", "hs_task_type": "TODO",
            }),
        }  # fmt: skip
        for singular in self.chance.sample(list(made), 2):
            kind, values = made[singular]
            id = self._made(kind, {"hs_timestamp": when, **values}, 1)
            self._tie(singular, id, "contact", person)
            self._tie(singular, id, "company", self.company)
            if self.chance.random() < 0.5:
                self._tie(singular, id, "deal", deal)
            elif ticket is not None:
                self._tie(singular, id, "ticket", ticket)

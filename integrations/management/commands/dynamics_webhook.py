"""What an administrator of a Dynamics 365 organisation enters when registering Syncline's webhook."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.connectors.dynamics.tables import TABLES
from integrations.connectors.dynamics.webhooks import HEADER, key_for


class Command(BaseCommand):
    help = "Print the address and the key for the webhook of one Dynamics 365 organisation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "organisation", help="its id: Developer resources in the Power Platform admin center, or WhoAmI"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organisation = str(UUID(options["organisation"]))
        except ValueError as error:
            raise CommandError("The organisation's id is a GUID.") from error
        if not settings.DYNAMICS_CLIENT_SECRET:
            raise CommandError("DYNAMICS_CLIENT_SECRET is not set: keys are made from it.")
        key = key_for(organisation, settings.DYNAMICS_CLIENT_SECRET)
        self.stdout.write(f"Endpoint URL    {settings.BASE_ADDRESS}/hooks/dynamics/")
        self.stdout.write(f"Authentication  HttpHeader {HEADER}: {key}   (or WebhookKey: {key})")
        self.stdout.write(f"Steps           Create, Update, Delete of {', '.join(t.logical for t in TABLES.values())}")
        self.stdout.write("                post-operation, asynchronous")

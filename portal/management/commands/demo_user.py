"""A user with a verified address and an account, for the demo."""

from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from portal.accounts.models import Account, Membership, Role


class Command(BaseCommand):
    help = "Make a super admin with an account of their own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("password")

    def handle(self, *args: Any, email: str, password: str, **options: Any) -> None:
        user = get_user_model().objects.create_user(email, email, password, first_name="Demo")
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        account = Account.objects.create(name="Brightwater Medical")
        Membership.objects.create(user=user, account=account, role=Role.SUPER_ADMIN)

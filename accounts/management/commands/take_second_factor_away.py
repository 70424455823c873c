from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError

from accounts import second_factor
from accounts.models import User


class Command(BaseCommand):
    help = "Take away every second factor of somebody who lost theirs, when no administrator can do it in the admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        factors = Authenticator.objects.filter(user__email=email.strip().lower()).select_related("user")
        if not User.objects.filter(email=email.strip().lower()).exists():
            raise CommandError(f"Nobody here has the address {email}.")
        for factor in factors:
            second_factor.take_away(factor)
        self.stdout.write(f"{email} signs in by password alone now, and can set up a new second factor.")

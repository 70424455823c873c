"""Signing in, where it touches more than the account."""

from accounts.adapters import MailByRowAdapter
from certifications import roster


class AccountAdapter(MailByRowAdapter):
    """Once a person has proved an address, the certifications recorded under it are theirs."""

    def confirm_email(self, request, email_address):  # type: ignore[no-untyped-def]
        confirmed = super().confirm_email(request, email_address)
        if confirmed:
            roster.claim(email_address.user, email_address.email, by=email_address.user)
        return confirmed

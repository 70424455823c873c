"""A request whose person is known, for type checkers: what `login_required` lets through."""

from django.http import HttpRequest

from accounts.models import User


class SignedInRequest(HttpRequest):
    user: User

"""Brings the database and the static files up to date before the portal starts: one process, because each new one
costs a second of imports.
"""

import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError


def prepare(*, demo: bool, in_public: bool) -> None:
    """`in_public` is whether other machines will reach the portal. Raises CommandError with what a person can do."""
    django.setup()
    call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
    call_command("createcachetable", verbosity=0)
    call_command("load_defaults")
    if demo:
        call_command("demo", if_empty=True)
    if in_public:
        call_command("demo", must_be_absent=True)
    call_command("collectstatic", interactive=False, verbosity=0)


if __name__ == "__main__":
    try:
        prepare(demo="--demo" in sys.argv[1:], in_public="--in-public" in sys.argv[1:])
    except (CommandError, ImproperlyConfigured, OperationalError) as error:  # a person can act on these
        sys.exit(str(error))

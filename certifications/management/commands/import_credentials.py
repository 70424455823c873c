from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from certifications import roster

KNOWN_HEADERS = "\n".join(f"  {ours:<15}{', '.join(known)}" for ours, known in roster.HEADERS.items())


class Command(BaseCommand):
    help = f"""Bring certifications and expiry dates in from the registry's CSV file.

Shows what would change; --apply writes it, all or nothing. A line that cannot be used stops the whole file. What the
team granted is never taken back: while the registry shows the old date, it is reported as kept.

Columns and the headers they are found by (capitals, blanks and signs do not matter):
{KNOWN_HEADERS}
Required: {", ".join(roster.REQUIRED)}. A certification is named by its code, its exam or its whole title."""

    def create_parser(self, *args: Any, **options: Any) -> Any:
        return super().create_parser(*args, **options, formatter_class=RawDescriptionHelpFormatter)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--apply", action="store_true", help="write the changes")
        parser.add_argument("--date-format", default="%Y-%m-%d", metavar="FORMAT", help="default: %%Y-%%m-%%d")
        parser.add_argument("--delimiter", type=_delimiter, default=",", help="one character, or tab; default: a comma")
        parser.add_argument("--encoding", default="utf-8-sig", help="default: UTF-8, with or without a mark")
        parser.add_argument(
            "--header",
            type=_pair,
            nargs="+",
            action="extend",
            default=[],
            metavar="OURS=THEIRS",
            help="what the file calls a column of ours, such as 'expires_on=Valid thru'",
        )

    def handle(self, *args: Any, file: Path, apply: bool, **options: Any) -> None:
        rows, problems = _read(file, options)
        if problems:
            for problem in problems:
                self.stderr.write(str(problem))
            raise CommandError(f"{len(problems)} lines cannot be used, so nothing was changed.")
        difference = roster.apply(rows, at=timezone.now()) if apply else roster.compare(rows)
        self.stdout.write("\n".join(_report(difference)))
        self.stdout.write("Written." if apply else "Nothing was written yet: --apply does that.")


def _read(file: Path, options: dict[str, Any]) -> tuple[list[roster.Row], list[roster.Problem]]:
    try:
        with file.open(encoding=options["encoding"], newline="") as lines:
            return roster.read(
                lines,
                headers=dict(options["header"]),
                day_format=options["date_format"],
                delimiter=options["delimiter"],
            )
    except (OSError, LookupError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from None


def _report(difference: roster.Difference) -> Iterator[str]:
    for credential in difference.new:
        yield f"new        {credential} until {credential.expires_on}"
    for before, credential in difference.moved:
        yield f"moved      {credential} from {before} to {credential.expires_on}"
    for grant in difference.confirmed:
        yield f"confirmed  {grant.credential} until {grant.new_expires_on}, granted by {grant.source}"
    for shown, credential in difference.kept:
        yield f"kept       {credential} until {credential.expires_on}; the registry shows {shown}"
    for credential in difference.renamed:
        yield f"renamed    {credential}: {credential.registry_name} {credential.registry_email}".rstrip()
    yield (
        f"{len(difference.new)} new, {len(difference.moved)} moved, {len(difference.confirmed)} grants confirmed, "
        f"{len(difference.kept)} grants kept, {len(difference.renamed)} renamed, {difference.unchanged} unchanged."
    )


def _delimiter(text: str) -> str:
    delimiter = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(delimiter) != 1:
        raise ArgumentTypeError(f"{text!r} is not one character")
    return delimiter


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if ours not in roster.HEADERS or not equals:
        raise ArgumentTypeError(f"{text!r} is not OURS=THEIRS with one of {', '.join(roster.HEADERS)}")
    return ours, theirs

"""`manage.py import_credentials`: what it says, what it writes, and how it ends."""

import subprocess
import sys
from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from certifications.models import Credential
from onepoints.environment import PROJECT
from onepoints.tests.factories import NOW, make_credential, make_holder, make_reviewer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("program")]

GOOD = "candidate_id,certification,expires_on\nOS1,OCA-ADM,2027-05-12\nOS2,OCA-IMP,2027-06-30\n"


def run(path, *arguments: str) -> str:
    out = StringIO()
    call_command("import_credentials", str(path), *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def written(tmp_path, text: str, encoding: str = "utf-8"):
    path = tmp_path / "export.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_by_default_it_only_says_what_would_change(tmp_path):
    said = run(written(tmp_path, GOOD))
    assert "new        OCA Administration R2 (OS1) until 2027-05-12" in said
    assert "2 new, 0 moved, 0 grants confirmed, 0 grants kept, 0 renamed, 0 unchanged." in said
    assert "Nothing was written yet" in said
    assert not Credential.objects.exists()


def test_apply_writes_and_a_second_time_changes_nothing(tmp_path):
    path = written(tmp_path, GOOD)
    assert "Written." in run(path, "--apply")
    assert Credential.objects.count() == 2
    assert "0 new, 0 moved, 0 grants confirmed, 0 grants kept, 0 renamed, 2 unchanged." in run(path, "--apply")


def test_moved_kept_confirmed_and_renamed_are_said(tmp_path):
    holder, reviewer = make_holder(), make_reviewer()
    make_credential(holder, candidate_id="OS1", expires_on=date(2027, 1, 1))
    for candidate, source in (("OS2", "SUB-00001"), ("OS3", "SUB-00002")):
        credential = make_credential(make_holder(), candidate_id=candidate)
        credential.extend(from_day=date(2027, 5, 12), months=24, source=source, by=reviewer, at=NOW)
    text = "id,title,name,expires\nOS1,OCA-ADM,New Name,2027-02-02\nOS2,OCA-ADM,,2027-05-12\nOS3,OCA-ADM,,2029-05-12\n"
    said = run(written(tmp_path, text), "--apply")
    assert "moved      OCA Administration R2 (OS1) from 2027-01-01 to 2027-02-02" in said
    assert "kept       OCA Administration R2 (OS2) until 2029-05-12; the registry shows 2027-05-12" in said
    assert "confirmed  OCA Administration R2 (OS3) until 2029-05-12, granted by SUB-00002" in said
    assert "renamed    OCA Administration R2 (OS1): New Name" in said


def test_one_bad_line_stops_the_whole_file(tmp_path):
    errors = StringIO()
    with pytest.raises(CommandError, match="1 lines cannot be used, so nothing was changed"):
        call_command(
            "import_credentials",
            written(tmp_path, GOOD + "OS3,OCA-ADM,soon\n"),
            apply=True,
            stdout=StringIO(),
            stderr=errors,
        )
    assert "line 4: “soon” is not a day written as %Y-%m-%d" in errors.getvalue()
    assert not Credential.objects.exists()


def test_another_dialect_can_be_described(tmp_path):
    text = "Prüfling\tTitle\tValid thru\nOS1\tOCA-ADM\t12.05.2027\n"
    path = written(tmp_path, text, "latin-1")
    run(
        path,
        *("--apply", "--delimiter", "tab", "--encoding", "latin-1", "--date-format", "%d.%m.%Y"),
        *("--header", "candidate_id=Prüfling", "expires_on=Valid thru"),
    )
    assert Credential.objects.get().expires_on == date(2027, 5, 12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--header", "candidate=Nr"], "is not OURS=THEIRS"),
        (["--header", "name"], "is not OURS=THEIRS"),
        (["--delimiter", ";;"], "is not one character"),
        (["--encoding", "klingon"], "cannot be read: unknown encoding"),
    ],
)
def test_nonsense_options_are_refused(tmp_path, arguments, message):
    with pytest.raises(CommandError, match=message):
        run(written(tmp_path, GOOD), *arguments)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "nowhere.csv")


def test_the_help_lists_every_known_header():
    done = subprocess.run(
        [sys.executable, "manage.py", "import_credentials", "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "expiration_date" in done.stdout
    assert "candidateid" in done.stdout

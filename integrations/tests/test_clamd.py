"""The scanner's protocol, spoken with a strict stand-in and, where one is installed, with a real clamd."""

import io
import socket
import time
import zipfile
from email.message import EmailMessage

import pytest

from integrations import clamd
from integrations.errors import Unavailable
from integrations.standins.clamd import EICAR, scanner
from integrations.tests import clamav
from integrations.tests.post import LOOPBACK, free_port

CLEAN = b"%PDF-1.7 a certificate"


@pytest.fixture(params=["tcp", "unix"])
def standin(request, tmp_path):
    with scanner(tmp_path / "clamd.sock" if request.param == "unix" else None) as (address, state):
        yield address, state
        assert state.violations == []


def scan(address, content, **named):
    return clamd.scan(address, io.BytesIO(content), **named)


def zipped(content):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zip_file:
        zip_file.writestr("certificate.txt", content)
    return archive.getvalue()


def mailed(content):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.com", "Your certificate"
    mail.set_content("It is attached.")
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename="certificate.com")
    return mail.as_bytes()


# --- what it says -----------------------------------------------------------------------------------------------------


def test_a_clean_file_is_clean(standin):
    address, state = standin
    assert scan(address, CLEAN) == ""
    assert state.scanned == [CLEAN]


def test_what_is_found_has_its_name(standin):
    address, _state = standin
    assert scan(address, b"before" + EICAR + b"after") == "Eicar-Test-Signature"


@pytest.mark.parametrize("size", [0, 1, clamd.CHUNK - 1, clamd.CHUNK, clamd.CHUNK + 1, 3 * clamd.CHUNK + 7])
def test_a_file_of_any_size_arrives_whole(standin, size):
    address, state = standin
    content = bytes(range(256)) * (size // 256 + 1)
    scan(address, content[:size])
    assert state.scanned == [content[:size]]


def test_a_living_scanner_answers_a_ping(standin):
    address, _state = standin
    clamd.ping(address)


# --- what is no answer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mood", ["gone", "garbled", "broken", "half"])
@pytest.mark.parametrize("content", [CLEAN, EICAR])
def test_anything_but_a_clear_answer_is_none(standin, mood, content):
    address, state = standin
    state.mood = mood
    with pytest.raises(Unavailable):
        scan(address, content)


@pytest.mark.parametrize("mood", ["gone", "garbled", "half"])
def test_a_ping_without_a_clear_answer_has_none(standin, mood):
    address, state = standin
    state.mood = mood
    with pytest.raises(Unavailable):
        clamd.ping(address)


@pytest.mark.parametrize("ask", [lambda address: scan(address, CLEAN, within=0.3), lambda a: clamd.ping(a, within=0.3)])
def test_a_silent_scanner_is_not_waited_for(standin, ask):
    address, state = standin
    state.mood = "silent"
    began = time.monotonic()
    with pytest.raises(Unavailable, match="timed out"):
        ask(address)
    assert time.monotonic() - began < 3


def test_a_scanner_that_drips_its_answer_has_one_deadline_for_all_of_it():
    with socket.create_server((LOOPBACK, 0)) as server:
        began = time.monotonic()
        connection = clamd._Conversation(socket.create_connection(server.getsockname()), began + 0.5)
        dripping, _address = server.accept()
        with connection.connection, dripping:
            dripping.sendall(b"stream: O")
            with pytest.raises(TimeoutError):
                connection.ask(b"zPING\0")
    assert time.monotonic() - began < 3


def test_once_the_deadline_has_passed_nothing_more_is_sent():
    with socket.create_server((LOOPBACK, 0)) as server:
        connection = clamd._Conversation(socket.create_connection(server.getsockname()), time.monotonic() - 1)
        with connection.connection, pytest.raises(TimeoutError):
            connection.ask(b"zPING\0")


def test_a_file_beyond_the_scanners_limit_is_not_called_clean(standin):
    address, state = standin
    state.stream_max_length = clamd.CHUNK
    with pytest.raises(Unavailable):
        scan(address, bytes(2 * clamd.CHUNK))
    assert state.scanned == []


def test_an_answer_that_never_ends_is_cut_off():
    with socket.create_server((LOOPBACK, 0)) as server:
        connection = clamd._Conversation(socket.create_connection(server.getsockname()), time.monotonic() + 5)
        talkative, _address = server.accept()
        with connection.connection, talkative:
            talkative.sendall(b"x" * (clamd.LONGEST_ANSWER + 1))
            with pytest.raises(Unavailable, match="broke off"):
                connection.ask(b"zPING\0")


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1", "tcp://", "unix://", "clamd", f"tcp://{LOOPBACK}:%d", "unix:///n"]
)
def test_where_no_scanner_is_none_answers(address):
    if "%d" in address:
        address %= free_port()
    with pytest.raises(Unavailable):
        scan(address, CLEAN)


# --- the real one -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(clamav.CLAMD is None, reason="no clamd")
def test_a_real_clamd_finds_the_test_string_plain_in_a_mail_and_in_an_archive(tmp_path):
    with clamav.running(tmp_path) as address:
        assert scan(address, CLEAN) == ""
        assert scan(address, EICAR).startswith("Test.Eicar")
        for hidden in (mailed(EICAR), zipped(EICAR), mailed(zipped(EICAR))):
            assert EICAR not in hidden
            assert scan(address, hidden).startswith("Test.Eicar")
        assert scan(address, mailed(CLEAN)) == ""
        with pytest.raises(Unavailable):
            scan(address, bytes(26 * 1024 * 1024))

"""What conftest.py promises to every other test."""

import socket
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

Refused = pytest.fail.Exception


@pytest.mark.parametrize("connect", ["connect", "connect_ex"])
def test_no_test_reaches_another_machine(connect):
    with socket.socket() as client, pytest.raises(Refused, match=r"192\.0\.2\.1"):
        getattr(client, connect)(("192.0.2.1", 80))


def test_no_test_asks_for_a_name():
    with pytest.raises(Refused, match=r"www\.example\.org"):
        socket.create_connection(("www.example.org", 80))


def test_this_machine_may_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
        socket.create_connection(("localhost", server.getsockname()[1])).close()


def test_files_go_where_they_are_forgotten(tmp_path):
    name = default_storage.save("proof.txt", ContentFile(b"one"))
    assert Path(default_storage.path(name)).is_relative_to(tmp_path)


def test_passwords_cost_nothing():
    assert make_password("secret").startswith("md5$")
    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_no_commit_wakes_a_worker():
    assert settings.DOORBELL is False

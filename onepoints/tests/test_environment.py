import os
import stat
import subprocess
import sys
from pathlib import Path

import environ
import pytest
from kombu.utils.url import url_to_parts

from onepoints import environment

WRITE_THE_KEY = """
import sys
from pathlib import Path
from onepoints.environment import local_secret_key
sys.stdin.readline()
print(local_secret_key(Path(sys.argv[1])))
"""


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in ("ONEPOINTS_VAR", "DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_state_is_below_the_project_unless_moved(monkeypatch, tmp_path):
    assert environment.var_dir() == environment.PROJECT / "var"
    monkeypatch.setenv("ONEPOINTS_VAR", str(tmp_path / "elsewhere"))
    assert environment.var_dir() == tmp_path / "elsewhere"


def test_a_relative_folder_does_not_depend_on_where_a_child_runs(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONEPOINTS_VAR", "state")
    assert environment.var_dir() == tmp_path / "state"


def test_a_private_folder_is_closed_to_others(tmp_path):
    folder = environment.private_dir(tmp_path / "var")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_database_and_the_broker_are_below_var():
    var = Path("/srv/points")
    assert environment.database_url(var) == "sqlite:////srv/points/portal.sqlite3"
    assert environment.redis_url(var) == "redis+socket:///srv/points/broker/valkey.sock?virtual_host=0"


def test_addresses_from_outside_win(monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgres://there/points")
    monkeypatch.setenv("REDIS_URL", "redis://there/0")
    assert environment.database_url(tmp_path) == "postgres://there/points"
    assert environment.redis_url(tmp_path) == "redis://there/0"


@pytest.mark.parametrize("name", ["plain", "a folder", "50% + more", "naïve?#x"])
def test_odd_folder_names_survive_the_addresses(tmp_path, name):
    var = tmp_path / name
    assert environ.Env.db_url_config(environment.database_url(var))["NAME"] == str(var / "portal.sqlite3")
    transport, _, address = environment.redis_url(var).partition("+")
    broker = url_to_parts(address)  # what Celery's Redis transport calls
    assert (transport, broker.scheme, broker.query) == ("redis", "socket", {"virtual_host": "0"})
    assert f"/{broker.path}" == str(environment.broker_socket(var))


def test_a_socket_below_a_long_path_moves_where_it_fits(tmp_path):
    var = tmp_path / ("deep" * 25)
    moved = environment.broker_socket(var)
    assert len(os.fsencode(moved)) <= environment.LONGEST_SOCKET_PATH
    assert not moved.is_relative_to(var)
    assert moved == environment.broker_socket(var)
    assert moved != environment.broker_socket(tmp_path / ("else" * 25))


def test_the_key_is_kept_and_secret(tmp_path):
    var = tmp_path / "var"
    key = environment.local_secret_key(var)
    assert len(key) >= 50
    assert environment.local_secret_key(var) == key
    assert stat.S_IMODE((var / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in var.iterdir()] == ["secret-key"]


def test_processes_starting_together_agree_on_one_key(tmp_path):
    command = [sys.executable, "-c", WRITE_THE_KEY, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    starters = [subprocess.Popen(command, cwd=environment.PROJECT, **pipes) for _ in range(6)]
    for starter in starters:
        starter.stdin.write("\n")
        starter.stdin.flush()
    keys = {starter.communicate(timeout=30)[0].strip() for starter in starters}
    assert keys == {environment.local_secret_key(tmp_path)}

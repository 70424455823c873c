"""The command itself, as bin/run starts it."""

import fcntl
import os
import signal
import socket
import subprocess
import sys

import pytest

from onepoints import broker, supervisor
from onepoints.environment import PROJECT
from onepoints.processes import Stop

COMMAND = [sys.executable, "-m", "onepoints.supervisor"]
CHOICES = {"DATABASE_URL", "REDIS_URL", "HOST", "ONEPOINTS_MODE", "ONEPOINTS_URL", "EMAIL_URL"}


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def environment(tmp_path, free_port):
    """A machine on which nothing is set: the addresses the tests run on are not for this portal."""
    inherited = {name: value for name, value in os.environ.items() if name not in CHOICES}
    return {**inherited, "ONEPOINTS_VAR": str(tmp_path / "var"), "PORT": str(free_port)}


def run(environment, *arguments):
    return subprocess.run(
        [*COMMAND, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_taken_port_is_said_before_anything_starts(environment, free_port):
    with socket.create_server(("127.0.0.1", free_port)):
        ended = run(environment)
    assert ended.returncode == 1
    assert ended.stdout.startswith(f"Port {free_port} on 127.0.0.1 cannot be used: Address already in use.")
    assert len(ended.stdout.splitlines()) == 1
    assert not ended.stderr


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(environment, port):
    ended = run({**environment, "PORT": port})
    assert ended.returncode == 2
    assert ended.stdout == f"PORT is {port!r}; it must be a number from 1 to 65535.\n"


def test_a_second_portal_on_the_same_state_is_refused(environment, tmp_path):
    (tmp_path / "var").mkdir()
    with open(tmp_path / "var" / "running", "w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        print(4711, file=first, flush=True)
        ended = run(environment)
    assert ended.returncode == 1
    assert ended.stdout.startswith(f"A portal is already running on {tmp_path / 'var'} (process 4711)")


def test_demo_people_are_never_served_to_other_machines(monkeypatch, tmp_path, capfd):
    monkeypatch.setenv("ONEPOINTS_VAR", str(tmp_path))
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setattr(sys, "argv", ["bin/run"])
    assert supervisor.read_plan().host == "127.0.0.1"
    assert "HOST is not used" in capfd.readouterr().out


def test_without_demo_people_the_host_is_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("ONEPOINTS_VAR", str(tmp_path))
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setattr(sys, "argv", ["bin/run", "--no-demo"])
    plan = supervisor.read_plan()
    assert (plan.host, plan.reachable_at) == ("0.0.0.0", "127.0.0.1")
    assert plan.wishes == ["--in-public"]


def test_a_machine_without_any_broker_gets_a_sentence(monkeypatch):
    monkeypatch.setattr(broker, "_from_wheel", lambda: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Stop, match="set REDIS_URL"):
        broker.find_server()


def test_a_server_on_path_stands_in_for_the_wheel(monkeypatch, tmp_path):
    server = tmp_path / "redis-server"
    server.touch(mode=0o755)
    monkeypatch.setattr(broker, "_from_wheel", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert broker.find_server() == str(server)


def test_the_whole_portal_starts_and_ends(environment, free_port):
    """With an empty database, as for real use; the demo people are walked through in the browser tests."""
    with subprocess.Popen(
        [*COMMAND, "--no-demo"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    ) as portal:
        try:
            lines = []
            for line in portal.stdout:
                lines.append(line)
                if "createsuperuser" in line:
                    break
            assert f"OnePoints answers at http://127.0.0.1:{free_port} (Ctrl-C stops it)\n" in lines, "".join(lines)
            assert "not ready" not in "".join(lines)
            assert "process" in run({**environment, "PORT": str(free_port % 65535 + 1)}).stdout
        finally:
            os.killpg(portal.pid, signal.SIGINT)
        portal.stdout.read()
        assert portal.wait(30) == 0
    with socket.create_server(("127.0.0.1", free_port)):
        pass  # nobody holds the port any more

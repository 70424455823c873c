"""Runs the whole portal on one machine, in the foreground: broker, web server, Celery worker and beat.

Started by bin/run. The environment decides everything (README, "Configuration"); with none of it set, all state is
below var/ and only this machine can reach the portal.
"""

import argparse
import contextlib
import fcntl
import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from onepoints import broker, environment
from onepoints.processes import Family, Stop, say

BROKER_SECONDS = 60  # reading a long queue back from disk takes a moment
READY_SECONDS = 60
LOOPBACK = "127.0.0.1"
ANYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - recognised, not chosen

FIRST_ADMINISTRATOR = """\
To make the first administrator, in another terminal:
  .venv/bin/python manage.py createsuperuser"""


@dataclass(frozen=True)
class Plan:
    """What was asked for: the arguments and the environment, read once."""

    demo: bool
    host: str
    port: int
    var: Path

    @property
    def wishes(self) -> list[str]:
        """What the database is to be prepared for."""
        in_public = self.host not in {LOOPBACK, "localhost", "::1"}
        return [word for word, wanted in (("--demo", self.demo), ("--in-public", in_public)) if wanted]

    @property
    def reachable_at(self) -> str:
        """Where this machine itself finds the web server."""
        return LOOPBACK if self.host in ANYWHERE else self.host

    @property
    def address(self) -> str:
        return os.environ.get("ONEPOINTS_URL") or f"http://{_bracketed(self.reachable_at)}:{self.port}"


def main() -> int:
    os.chdir(environment.PROJECT)
    try:
        plan = read_plan()
        check_port(plan)
        with only_one(plan.var) as lock, Family(child_environment(plan), keep_open=(lock,)) as family:
            return run(plan, family)
    except Stop as stop:
        say(str(stop))
        return stop.code


def run(plan: Plan, family: Family) -> int:
    """Returns when the portal is to end, and why is already said: ending may take a moment."""
    try:
        start_broker(plan, family)
        say("Bringing the database and the static files up to date.")
        family.run("prepare", [sys.executable, "-m", "onepoints.prepare", *plan.wishes])
        family.start(**services(plan))
        announce(plan, family)
        family.wait()
    except Stop as stop:
        say(str(stop))
        return stop.code


def read_plan() -> Plan:
    parser = argparse.ArgumentParser(prog="bin/run", description="Run the OnePoints portal until Ctrl-C.")
    parser.add_argument("--no-demo", action="store_true", help="no demo people: an empty portal for real use")
    demo = not parser.parse_args().no_demo
    host = os.environ.get("HOST") or LOOPBACK
    if demo and host != LOOPBACK:
        say(f"HOST is not used: everybody knows the demo people's passwords, so only {LOOPBACK} serves them.")
        host = LOOPBACK
    port = os.environ.get("PORT") or "8000"
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise Stop(2, f"PORT is {port!r}; it must be a number from 1 to 65535.")
    return Plan(demo=demo, host=host, port=int(port), var=environment.private_dir(environment.var_dir()))


def check_port(plan: Plan) -> None:
    """Before anything is started: otherwise the person would have to find this between the lines of four logs."""
    try:
        family, *_, address = socket.getaddrinfo(plan.host, plan.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Stop(
            1,
            f"Port {plan.port} on {plan.host} cannot be used: {error.strerror}. "
            f"Choose another one, for example: PORT={plan.port % 65535 + 1} bin/run",
        ) from None


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[int]:
    """Hold `var` for this portal alone, and yield the lock for the children to inherit: after a SIGKILL of this process
    it is held until the last of them is gone too. Two brokers on the same files would ruin them.
    """
    with open(var / "running", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            process = file.read().strip() or "unknown"
            raise Stop(
                1,
                f"A portal is already running on {var} (process {process}), or is still ending. "
                "Stop it first, or set ONEPOINTS_VAR to another folder.",
            ) from None
        file.truncate(0)
        print(os.getpid(), file=file, flush=True)
        yield file.fileno()


def child_environment(plan: Plan) -> dict[str, str]:
    """Whatever is set wins, and set to nothing means not set; the rest is said once, so that all children agree."""
    return {
        "DJANGO_SETTINGS_MODULE": "onepoints.settings",
        "ONEPOINTS_URL": plan.address,
        "REDIS_URL": environment.redis_url(plan.var),
        "PYTHONUNBUFFERED": "1",
        **{name: value for name, value in os.environ.items() if value},
        "ONEPOINTS_VAR": str(plan.var),
    }


def start_broker(plan: Plan, family: Family) -> None:
    """Not when REDIS_URL names one that runs elsewhere."""
    if os.environ.get("REDIS_URL"):
        return
    address = environment.broker_socket(plan.var)
    broker.prepare(address, plan.var / "broker")
    family.start(broker=broker.command(broker.find_server(), address, data=plan.var / "broker"))
    if not family.wait_for(lambda: broker.answers(address), BROKER_SECONDS):
        raise Stop(1, f"The broker did not answer within {BROKER_SECONDS} seconds.")


def services(plan: Plan) -> dict[str, list[str]]:
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--quiet", "-A", "onepoints"]
    schedule = environment.private_dir(plan.var / "beat") / "schedule"
    return {
        "web": [
            *(*python, "gunicorn", f"--bind={_bracketed(plan.host)}:{plan.port}", "--no-control-socket"),
            *("--worker-class=gthread", "--workers=2", "--threads=4", "--graceful-timeout=15"),
            "onepoints.wsgi:application",
        ],
        "worker": [*celery, "worker", "--loglevel=INFO", "--pool=prefork", "--concurrency=2", "--without-mingle"],
        # A pid file would only be in the way after a power cut: the lock on var/ keeps a second beat out.
        "beat": [*celery, "beat", "--loglevel=INFO", "--pidfile=", f"--schedule={schedule}"],
    }


def announce(plan: Plan, family: Family) -> None:
    """Say that the portal answers, where, and how to sign in."""
    last = Answer(0, "")

    def ready() -> bool:
        nonlocal last
        last = ask(plan, "/readyz")
        return last.status == 200

    if not family.wait_for(ready, READY_SECONDS):
        if ask(plan, "/healthz").status != 200:
            raise Stop(1, f"The web server did not answer within {READY_SECONDS} seconds.")
        say(f"The portal answers, but it is not ready:\n{last.text}")
    say(f"\nOnePoints answers at {plan.address} (Ctrl-C stops it)\n\n{first_steps(plan, family)}\n")


def first_steps(plan: Plan, family: Family) -> str:
    if not plan.demo:
        return FIRST_ADMINISTRATOR
    accounts = subprocess.run(
        [sys.executable, "manage.py", "demo", "--accounts"], env=family.env, capture_output=True, text=True, check=False
    )
    return (accounts.stdout or accounts.stderr).rstrip()


@dataclass(frozen=True)
class Answer:
    status: int
    text: str


def ask(plan: Plan, path: str) -> Answer:
    """What the web server says, asked as its own proxy would; status 0 when it does not answer yet."""
    connection = http.client.HTTPConnection(plan.reachable_at, plan.port, timeout=5)
    url = urlsplit(plan.address)
    try:
        connection.request("GET", path, headers={"Host": url.netloc, "X-Forwarded-Proto": url.scheme})
        response = connection.getresponse()
        return Answer(response.status, response.read().decode(errors="replace"))
    except (OSError, http.client.HTTPException):
        return Answer(0, "")
    finally:
        connection.close()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    sys.exit(main())

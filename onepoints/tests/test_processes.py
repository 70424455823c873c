"""Real processes: a parent with children of its own, and every way in which it may end."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from onepoints.environment import PROJECT

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="counts processes through /proc")

MARK = "ONEPOINTS_TEST_FAMILY"
SECONDS = 30

PARENT = """
import os, sys
from onepoints.processes import Family, Stop, say

def child(program):
    return [sys.executable, "-u", "-c", program]

try:
    with Family(os.environ) as family:
{body}
except Stop as stop:
    say(str(stop))
    sys.exit(stop.code)
"""

# Ends its own child when it is asked to, as gunicorn and Celery do; the sleeping ones ignore the polite way.
HEAD = """
import signal, subprocess, sys
below = subprocess.Popen(["sleep", "600"])
signal.signal(signal.SIGTERM, lambda *_: (below.kill(), sys.exit(0)))
print("head is up")
signal.pause()
"""
STRANDED = """
import os, subprocess
subprocess.Popen(["sh", "-c", "trap '' TERM INT; echo below is up; while :; do sleep 600; done"])
import signal; signal.pause()
"""
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("stubborn is up")
while True: signal.pause()
"""


class Parent:
    def __init__(self, body, **env):
        self.mark = uuid4().hex
        lines = "\n".join(f"        {line}" for line in body.splitlines())
        self.process = subprocess.Popen(
            [sys.executable, "-c", PARENT.format(body=lines)],
            cwd=PROJECT,
            env={**os.environ, **env, MARK: self.mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
            preexec_fn=_heed_hangups,  # noqa: PLW1509 - one system call, no locks
        )
        self.output = ""

    def read_until(self, *words):
        """The parent's lines decide when the test goes on, not a clock."""
        missing = set(words)
        for line in self.process.stdout:
            self.output += line
            missing -= {word for word in missing if word in line}
            if not missing:
                return
        raise AssertionError(f"{missing} never printed:\n{self.output}")

    def end(self):
        rest, _ = self.process.communicate(timeout=SECONDS)
        self.output += rest
        return self.process.returncode

    def left(self):
        """Everything still running that this parent, or anything below it, has started."""
        return [path.parent.name for path in Path("/proc").glob("[0-9]*/environ") if self._is_ours(path)]

    def _is_ours(self, path):
        try:
            return f"{MARK}={self.mark}".encode() in path.read_bytes()
        except OSError:
            return False


def _heed_hangups():
    """The tests themselves may run under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@contextmanager
def parent(*lines, **env):
    family = Parent("\n".join(lines), **env)
    try:
        yield family
    finally:
        for pid in family.left():
            os.kill(int(pid), signal.SIGKILL)
        family.process.wait()
        family.process.stdout.close()


def until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def start(**programs):
    return f"family.start(**{{name: child(program) for name, program in {programs!r}.items()}})"


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_and_is_no_failure(sig):
    with parent(start(one=HEAD, two=HEAD), "family.wait()") as family:
        family.read_until("one | head is up", "two | head is up")
        assert len(family.left()) == 5
        os.killpg(family.process.pid, sig)
        assert family.end() == 0
        assert family.left() == []


def test_a_second_ctrl_c_does_not_break_the_ending():
    lines = ["import onepoints.processes as p; p.GRACE_SECONDS = 1", start(slow=STUBBORN), "family.wait()"]
    with parent(*lines) as family:
        family.read_until("stubborn is up")
        family.process.send_signal(signal.SIGINT)
        family.process.send_signal(signal.SIGINT)
        until(lambda: family.process.send_signal(signal.SIGINT) or family.process.poll() is not None)
        assert family.end() == 0
        assert family.left() == []


def test_what_a_child_left_behind_is_ended_too():
    with parent(start(one=STRANDED), "family.wait()") as family:
        family.read_until("below is up")
        family.process.send_signal(signal.SIGTERM)
        assert family.end() == 0
        assert family.left() == []


def test_a_sigkill_of_the_parent_ends_all():
    with parent(start(one=HEAD, two=HEAD), "family.wait()") as family:
        family.read_until("one | head is up", "two | head is up")
        family.process.kill()
        until(lambda: family.left() == [])


@pytest.mark.parametrize(("ending", "code"), [("sys.exit(7)", 7), ("sys.exit(0)", 1), ("os.kill(os.getpid(), 9)", 137)])
def test_the_death_of_one_child_ends_all_and_its_code_is_kept(ending, code):
    dying = f"import os, sys; sys.stdin.close(); {ending}"
    with parent(start(steady=HEAD), start(dying=dying), "family.wait()") as family:
        assert family.end() == code
        assert "dying ended with code" in family.output
        assert family.left() == []


def test_a_failing_step_ends_what_runs_already():
    lines = [start(steady=HEAD), "family.run('step', child('print(1); raise SystemExit(3)'))", "print('not reached')"]
    with parent(*lines) as family:
        assert family.end() == 3
        assert "step | 1\n" in family.output
        assert "step failed." in family.output
        assert "not reached" not in family.output
        assert family.left() == []


def test_a_step_that_succeeds_lets_the_next_begin():
    with parent("family.run('step', child('print(1)'))", "print('reached', flush=True)") as family:
        assert family.end() == 0
        assert "reached" in family.output


def test_a_program_that_is_missing_leaves_nothing_running():
    with parent(start(steady=HEAD), "family.start(missing=['/no/such/program'])") as family:
        assert family.end() == 1
        assert "/no/such/program" in family.output
        assert family.left() == []


def test_what_was_started_first_is_ended_last():
    goodbye = "lambda *_: (print('goodbye'), sys.exit(0))"
    last_words = f"import signal, sys; signal.signal(15, {goodbye}); print('up'); signal.pause()"
    with parent(start(first=last_words), start(second=last_words), "family.wait()") as family:
        family.read_until("first | up", "second | up")
        family.process.send_signal(signal.SIGTERM)
        family.end()
        assert family.output.index("second | goodbye") < family.output.index("first | goodbye")


def test_a_closed_terminal_does_not_block_the_children(tmp_path):
    chatty = f"print('up'); print('x' * 200000); open({str(tmp_path / 'done')!r}, 'w'); import signal; signal.pause()"
    with parent(start(chatty=chatty), "family.wait()") as family:
        family.read_until("up")
        family.process.stdout.close()
        until((tmp_path / "done").exists)
        family.process.send_signal(signal.SIGTERM)
        assert family.process.wait(SECONDS) == 0
        assert family.left() == []

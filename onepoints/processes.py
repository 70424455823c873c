"""Child processes that live and end together.

The supervisor starts the portal's parts with this. The promise: whatever ends the parent, be it Ctrl-C, a service
manager, the death of one child or a SIGKILL, nothing it started goes on running.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Thread
from typing import BinaryIO, NoReturn

# Long enough for a request or a task under way, short enough for a service manager not to lose patience.
GRACE_SECONDS = 20
POLL_SECONDS = 0.1
PR_SET_PDEATHSIG = 1
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Command = Iterable[str | os.PathLike[str]]


def say(line: str | bytes) -> None:
    """Print a line at once and whole, also from several threads. Nothing is wrong when the terminal has been closed."""
    with contextlib.suppress(OSError):
        os.write(1, (line.encode() if isinstance(line, str) else line) + b"\n")


class Stop(Exception):
    """The end of everything; carries the exit code, and a sentence where a person should read one."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code


def end_with_parent(sig: int = signal.SIGTERM) -> Callable[[], None] | None:
    """What a child does before it runs its program: ask the kernel for `sig` when its parent is gone (Linux only)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, sig)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask


class Child:
    """A process at the head of its own process group, so that its children can be reached too."""

    def __init__(self, name: str, command: Command, *, env: Mapping[str, str], keep_open: tuple[int, ...] = ()) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [os.fspath(word) for word in command],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            pass_fds=keep_open,
            preexec_fn=end_with_parent(),  # noqa: PLW1509 - one system call, no locks
        )
        self.pump = Thread(target=_pump, args=(name, self.process.stdout), name=f"log of {name}", daemon=True)
        self.pump.start()

    @property
    def code(self) -> int | None:
        """None while it runs; then its exit code, in the shell's way of counting when a signal ended it."""
        code = self.process.poll()
        return 128 - code if code is not None and code < 0 else code

    def ask_to_end(self) -> None:
        """Only the head is asked: it knows best in which order its own children finish their work."""
        self.process.terminate()

    def end(self, deadline: float) -> None:
        """Wait for the head until `deadline` (monotonic), then leave nothing of the group."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: no permission for a group of zombies
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.pump.join(timeout=2)


def _pump(name: str, source: BinaryIO) -> None:
    """Print each line under its author's name."""
    with source:
        for line in iter(lambda: source.readline(65536), b""):
            say(f"{name:>7} | ".encode() + line.rstrip(b"\n"))


class Family:
    """The children of this process, in the order of their need: the last one started is the first one ended."""

    def __init__(self, env: Mapping[str, str], keep_open: tuple[int, ...] = ()) -> None:
        self.env = env
        self.keep_open = keep_open
        self.generations: list[list[Child]] = []
        self.signalled = False

    def __enter__(self) -> "Family":
        for sig in SIGNALS:
            if sig is not signal.SIGHUP or signal.getsignal(sig) is not signal.SIG_IGN:  # nohup
                signal.signal(sig, self._on_signal)
        return self

    def __exit__(self, *exc: object) -> None:
        """End all. Being asked once more changes nothing from here on, up to the last moment of this process."""
        for sig in SIGNALS:
            signal.signal(sig, signal.SIG_IGN)
        for generation in reversed(self.generations):
            end_all(generation)

    def _on_signal(self, *_: object) -> None:
        """Only noted, so that no half-made child is lost."""
        self.signalled = True

    def start(self, **commands: Command) -> list[Child]:
        """Start children that do not need each other and will be asked to end together."""
        generation: list[Child] = []
        self.generations.append(generation)
        for name, command in commands.items():
            generation.append(Child(name, command, env=self.env, keep_open=self.keep_open))
        return generation

    def run(self, name: str, command: Command) -> None:
        """Run one step to its end; its failure is everybody's."""
        (child,) = self.start(**{name: command})
        while child.code is None:
            self._check([c for c in self._children() if c is not child])
            time.sleep(POLL_SECONDS)
        end_all(self.generations.pop())
        if child.code:
            raise Stop(child.code, f"{name} failed.")

    def wait_for(self, ready: Callable[[], bool], seconds: float) -> bool:
        """True as soon as `ready()`; False when `seconds` have passed; Stop when a child ends meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._check(self._children())
            if ready():
                return True
            time.sleep(POLL_SECONDS)
        return False

    def wait(self) -> NoReturn:
        """Watch over the children until a signal or the first death."""
        while True:
            self._check(self._children())
            time.sleep(POLL_SECONDS)

    def _children(self) -> list[Child]:
        return [child for generation in self.generations for child in generation]

    def _check(self, children: Iterable[Child]) -> None:
        if self.signalled:
            raise Stop(0, "Stopping.")
        for child in children:
            if child.code is not None:
                raise Stop(child.code or 1, f"{child.name} ended with code {child.code}; stopping the others.")


def end_all(children: Iterable[Child]) -> None:
    children = list(children)
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children:
        child.ask_to_end()
    for child in children:
        child.end(deadline)

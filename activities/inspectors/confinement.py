"""Takes from the child what a parser never needs: endless memory, other programs, the network, other people's files.

The limits hold everywhere. The two doors of Linux, seccomp and Landlock, are locked where the kernel has them and stay
as they are elsewhere: neither needs root.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from pathlib import Path

MEGABYTE = 1024 * 1024
MEMORY_BYTES = 512 * MEGABYTE
CPU_SECONDS = 7  # so that a person hears of a refusal within ten
WALL_SECONDS = 20  # should the parent die and nobody else be there to end it
FILE_BYTES = 32 * MEGABYTE
OPEN_FILES = 32


def confine(folder: Path) -> None:
    """From here on only the folder can be written to, and only the interpreter's own files can be read besides."""
    _limit()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        _close_folders(libc, folder)
        _close_calls(libc)


def _limit() -> None:
    for limit, most in {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
    }.items():
        resource.setrlimit(limit, (most, most))
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)


# --- which files: Landlock --------------------------------------------------------------------------------------------

PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 4, 38, 22
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446  # the same on every machine
WRITE_FILE, READ_FILE, READ_DIR, REMOVE_FILE, MAKE_REG, TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 8, 1 << 14
EVERY_RIGHT = (1 << 13) - 1
TRUNCATE_SINCE = 3  # version of Landlock
READABLE = ("/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/usr/share/fonts", "/usr/share/zoneinfo", "/dev/urandom")


def _close_folders(libc: ctypes.CDLL, folder: Path) -> None:
    version = libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return
    truncate = TRUNCATE if version >= TRUNCATE_SINCE else 0
    handled = ctypes.c_uint64(EVERY_RIGHT | truncate)
    rules = libc.syscall(LANDLOCK_CREATE_RULESET, ctypes.byref(handled), 8, 0)
    for path in {sys.prefix, sys.base_prefix, *READABLE}:
        _allow(libc, rules, path, READ_FILE | READ_DIR if Path(path).is_dir() else READ_FILE)
    _allow(libc, rules, folder, READ_FILE | READ_DIR | WRITE_FILE | REMOVE_FILE | MAKE_REG | truncate)
    libc.syscall(LANDLOCK_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str | Path, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    libc.syscall(LANDLOCK_ADD_RULE, rules, 1, struct.pack("=Qi", rights, place), 0)
    os.close(place)


# --- which calls: seccomp ---------------------------------------------------------------------------------------------

# Numbers of system calls on x86-64 and on 64-bit ARM.
FORBIDDEN = {
    "socket": (41, 198),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "io_uring_setup": (425, 425),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
}
CLONE, CLONE3, CLONE_THREAD = (56, 220), 435, 0x10000
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
FOREIGN_CALLS = 0x40000000  # the other numbering that x86-64 still answers to
ALLOW, DENY, ABSENT, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
LOAD, RETURN, IF_EQUAL, IF_AT_LEAST, IF_SET = 0x20, 0x06, 0x15, 0x35, 0x45


def _close_calls(libc: ctypes.CDLL) -> None:
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return
    steps = _program(*machine)
    program = ctypes.create_string_buffer(b"".join(steps))
    pointer = struct.pack("=H6xQ", len(steps), ctypes.addressof(program))
    libc.prctl(PR_SET_SECCOMP, 2, pointer, 0, 0)


def _program(column: int, architecture: int) -> list[bytes]:
    """The filter: whatever is forbidden fails as "not permitted"; a new thread is fine, a new process is not."""
    numbers = [numbers[column] for numbers in FORBIDDEN.values()]
    program = [
        _step(LOAD, 4),
        _step(IF_EQUAL, architecture, 1, 0),
        _step(RETURN, KILL),
        _step(LOAD, 0),
        _step(IF_AT_LEAST, FOREIGN_CALLS, 0, 1),
        _step(RETURN, DENY),
        _step(IF_EQUAL, CLONE3, 0, 1),
        _step(RETURN, ABSENT),  # so that the C library asks by the older call, which can be looked into
    ]
    for number in numbers:
        if number is not None:
            program += [_step(IF_EQUAL, number, 0, 1), _step(RETURN, DENY)]
    return [
        *program,
        _step(IF_EQUAL, CLONE[column], 0, 3),
        _step(LOAD, 16),
        _step(IF_SET, CLONE_THREAD, 1, 0),
        _step(RETURN, DENY),
        _step(RETURN, ALLOW),
    ]


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)

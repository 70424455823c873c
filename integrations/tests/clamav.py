"""A real clamd with a database of two lines, for as long as a test needs it."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from integrations import clamd
from integrations.errors import Unavailable
from integrations.standins.clamd import EICAR

CLAMD = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
PATIENCE = 300  # looks, of a tenth of a second each


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of a clamd that finds EICAR's test string anywhere in a file, and any file that is it exactly."""
    database = folder / "database"
    database.mkdir()
    (database / "test.ndb").write_text(f"Test.Eicar:0:*:{EICAR.hex()}\n")
    (database / "test.hdb").write_text("44d88612fea8a8f36de82e1278abb02f:68:Test.Eicar.Exact\n")
    socket = folder / "clamd.sock"
    settings = {
        "DatabaseDirectory": database,
        "LocalSocket": socket,
        "Foreground": "yes",
        "TemporaryDirectory": folder,
        "LogFile": folder / "clamd.log",
        "StreamMaxLength": "25M",
        "SelfCheck": "0",
    }
    config = folder / "clamd.conf"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    process = subprocess.Popen(
        [CLAMD, "--config-file", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(process, f"unix://{socket}", folder / "clamd.log")
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.wait(20)


def _await(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _look in range(PATIENCE):
        with suppress(Unavailable):
            clamd.ping(address)
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            break
    raise AssertionError(f"clamd did not start:\n{log.read_text() if log.exists() else ''}")

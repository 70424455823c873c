"""What every test stands on: no network, files in a scratch folder, and a browser where there is one."""

import os
import shutil
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import TransactionTestCase, override_settings

from onepoints import defaults

BROWSER_FIXTURES = {"page", "context", "new_context", "browser"}
BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server"}

# A slow machine is no bug; the same examples on every run, so that a red run is red again.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")


# --- which tests run ----------------------------------------------------------------------------------------------
def pytest_addoption(parser):
    parser.addoption("--sqlite", action="store_true", help="only what touches the database, for a second run")


def pytest_collection_modifyitems(config, items):
    for item in items:
        if BROWSER_FIXTURES & set(item.fixturenames):
            item.add_marker("browser")
    items.sort(key=_is_browser_test)  # last: see pytest_runtest_setup
    if config.getoption("--sqlite"):
        _keep(config, items, _differs_by_database)
    if connection.vendor != "postgresql":
        _skip(items, "postgres_only", "needs PostgreSQL")
    if not _browser_path():
        _do_without_browser(config, items)


def _keep(config, items, wanted):
    config.hook.pytest_deselected(items=[item for item in items if not wanted(item)])
    items[:] = [item for item in items if wanted(item)]


def _skip(items, marker, reason):
    for item in items:
        if item.get_closest_marker(marker):
            item.add_marker(pytest.mark.skip(reason=reason))


def _differs_by_database(item):
    return _touches_database(item) and not _is_browser_test(item) and item.get_closest_marker("once") is None


def _touches_database(item):
    test_case = getattr(item, "cls", None)
    return (
        item.get_closest_marker("django_db") is not None
        or not DATABASE_FIXTURES.isdisjoint(item.fixturenames)
        or (test_case is not None and issubclass(test_case, TransactionTestCase))
    )


def _is_browser_test(item):
    return item.get_closest_marker("browser") is not None


# --- the browser --------------------------------------------------------------------------------------------------
def _browser_path():
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSER_NAMES)), None)


def _do_without_browser(config, items):
    count = sum(map(_is_browser_test, items))
    if count and os.environ.get("REQUIRE_BROWSER") == "1":
        raise pytest.UsageError(f"{count} browser tests cannot run: no Chromium on PATH, and CHROMIUM is not set.")
    _skip(items, "browser", "no Chromium")
    config.stash[SKIPPED_BROWSER_TESTS] = count


SKIPPED_BROWSER_TESTS = pytest.StashKey()


def pytest_terminal_summary(terminalreporter, config):
    if count := config.stash.get(SKIPPED_BROWSER_TESTS, 0):
        terminalreporter.write_line(
            f"Skipped {count} browser tests: no Chromium found. Install chromium, or set CHROMIUM to its path."
        )


def pytest_runtest_setup(item):
    """Playwright keeps an event loop running in this thread from its first test to the end of the session. Django takes
    that for asynchronous code and refuses its database, so the browser tests come last and lift the refusal.
    """
    if _is_browser_test(item):
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": _browser_path(), "args": BROWSER_ARGUMENTS}


# --- settings -----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session", autouse=True)
def _quick_settings(tmp_path_factory):
    """Passwords are hashed cheaply, and static files served as they lie in the source."""
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES={**django_settings.STORAGES, "staticfiles": static},
        STATIC_ROOT=tmp_path_factory.mktemp("static"),
    ):
        yield


@pytest.fixture(autouse=True)
def _scratch_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "evidence"


@pytest.fixture(autouse=True)
def _no_doorbell(settings):
    """A commit in a test wakes no worker that happens to run on this machine."""
    settings.DOORBELL = False


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """On SQLite a real file, as in the embedded default: in memory, Django's threads would share one connection."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("sqlite") / "test.sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _emptied_past_the_audit_trail():
    """Emptying the test database is the one deletion that the trail's triggers let through: PostgreSQL's TRUNCATE does
    not ask them, SQLite's DELETE would.
    """
    operations = type(connection.ops)
    empty = operations.sql_flush

    def sql_flush(self, *args, **options):
        with self.connection.cursor() as cursor:
            triggers = cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        dropped = [f"DROP TRIGGER {name}" for name, _sql in triggers]
        return [*dropped, *empty(self, *args, **options), *(sql for _name, sql in triggers)]

    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "sqlite":
            patch.setattr(operations, "sql_flush", sql_flush)
        yield


# --- no network ---------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session", autouse=True)
def _no_network():
    """Whatever reaches out of this machine fails at once, and past every `except Exception` on its way."""
    servers = (urlsplit(os.environ.get(name, "")).hostname for name in ("DATABASE_URL", "REDIS_URL"))
    known = {"localhost", *servers}
    resolve = socket.getaddrinfo

    def check(host):
        if not (host in known or _is_loopback(host)):
            pytest.fail(f"A test reached for the network: {host}")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name), check))
        patch.setattr(socket, "getaddrinfo", lambda host, *rest, **named: check(host) or resolve(host, *rest, **named))
        yield


def _guarded(connect, check):
    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            check(address[0])
        return connect(self, address)

    return guarded


def _is_loopback(host):
    try:
        return not host or ip_address(host).is_loopback
    except ValueError:
        return False


# --- the programme ------------------------------------------------------------------------------------------------
@pytest.fixture
def program(db):
    """A database with what every portal starts with: certifications, policy, catalogue, groups."""
    defaults.load()

import os

import pytest

from onepoints.tests import servers


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory):
    """A real broker: the one of REDIS_URL, or one of our own."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    with servers.valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url

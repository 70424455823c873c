import os

import pytest

from onepoints.tests import servers
from onepoints.tests.visitor import visitor
from onepoints.tests.world import everybody, world

__all__ = ["everybody", "visitor", "world"]  # a portal with several people in it, and somebody who looks around


@pytest.fixture(scope="session")
def broker_url(tmp_path_factory):
    """A real broker: the one of REDIS_URL, or one of our own."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    with servers.valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url

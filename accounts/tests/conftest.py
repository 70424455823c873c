import pytest
import time_machine

from accounts.tests.signing_in import prove_address
from onepoints.tests.factories import NOW, make_holder


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def person(program):
    """A holder who has proved their address."""
    return prove_address(make_holder("Hanna Holder", email="hanna@example.com"))

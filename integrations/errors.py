"""The one bit a delivery needs to know of a failure: is it worth trying again?"""


class Unavailable(Exception):
    """The other side cannot be reached or asks for patience: the same call may succeed later."""


class Refused(Exception):
    """The other side understood and said no: repeating changes nothing, a person must look."""

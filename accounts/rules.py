"""What every rule of the portal raises when it says no."""


class NotAllowed(Exception):
    """A rule says no. The message is a sentence written for the person, and is shown as it is."""

    @property
    def sentence(self) -> str:
        return str(self.args[0])

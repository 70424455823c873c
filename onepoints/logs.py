"""How a line of the log is written."""

import logging
import re

# What would end a line, move the cursor of a terminal or turn the direction of reading.
_UNSEEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
CONTINUED = "    | "


class OneLine(logging.Formatter):
    """One event, one line, whatever a visitor wrote; the trace of a fault follows in lines that begin no event."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 logging's name
        return _UNSEEN.sub(_spelled_out, super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802 logging's name
        return _indented(super().formatException(ei))  # type: ignore[arg-type]

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 logging's name
        return _indented(super().formatStack(stack_info))


def is_no_answered_probe(record: logging.LogRecord) -> bool:
    """Leaves out what /readyz answers before everything is ready: that is no error. Exactly that, nothing like it."""
    path = getattr(getattr(record, "request", None), "path", "")
    return not (path == "/readyz" and getattr(record, "status_code", None) == 503)


def _spelled_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _indented(trace: str) -> str:
    lines = re.split("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", trace)
    return "\n".join(CONTINUED + _UNSEEN.sub(_spelled_out, line) for line in lines)

import pytest

from integrations.tests.post import LOOPBACK, Sink, smtp_server


@pytest.fixture
def use_mail_server(settings):
    """Point the portal at a mail server on this machine."""

    def use(port: int, timeout: float = 5) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = LOOPBACK, port, timeout
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""

    return use


@pytest.fixture
def sink(use_mail_server):
    """A real mail server that takes everything; `sink.mails` is what it got."""
    sink = Sink()
    with smtp_server(sink) as port:
        use_mail_server(port)
        yield sink

from integrations.tests.conftest import sink, use_mail_server

__all__ = ["sink", "use_mail_server"]  # the mail server on this machine

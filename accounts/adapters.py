"""How allauth signs people in here. The portal's own subclass is `onepoints.signin.AccountAdapter`."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts import emails
from integrations import mail


class MailByRowAdapter(DefaultAccountAdapter):
    """Mails are rows carried by Celery; links in them come from ONEPOINTS_URL, never from the request."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        context = {"request": None, "email": email, "site_url": settings.SITE_URL, **context}
        message = self.render_mail(template_prefix, email, context)
        message.body = mail.tidy(str(message.body))
        emails.enqueue(message, at=timezone.now())

    def get_from_email(self) -> str:
        return settings.DEFAULT_FROM_EMAIL

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        user.name = form.cleaned_data.get("name", "")
        return super().save_user(request, user, form, commit)

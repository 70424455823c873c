"""Every setting, each value from the environment (README, "Configuration").

`ONEPOINTS_MODE=local` (the default) runs on one machine with nothing set: SQLite, a Valkey beside it, mail as files.
`ONEPOINTS_MODE=production` refuses to start on an unsafe value.
"""

from pathlib import Path

import bootstrap
import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from onepoints import environment, logs

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = environment.var_dir()
env = environ.Env()

MODE = env.str("ONEPOINTS_MODE", "local")
if MODE not in {"local", "production"}:
    raise ImproperlyConfigured(f"ONEPOINTS_MODE is {MODE!r}; it must be 'local' or 'production'.")
PRODUCTION = MODE == "production"


def required_in_production(name: str, local: str) -> str:
    """The variable's value; `local` stands in for it on one machine, production must name it."""
    value = env.str(name, "")
    if PRODUCTION and not value:
        raise ImproperlyConfigured(f"{name} must be set when ONEPOINTS_MODE=production (README, Configuration).")
    return value or local


# --- who and where we are -----------------------------------------------------------------------------------------
DEBUG = False  # error pages carry a reference number instead of a stack trace, on every machine
SECRET_KEY = required_in_production("SECRET_KEY", "") or environment.local_secret_key(VAR)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
if PRODUCTION and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10):
    raise ImproperlyConfigured("SECRET_KEY is too easy to guess; production needs at least 50 random characters.")
SITE_URL = required_in_production("ONEPOINTS_URL", f"http://127.0.0.1:{env.int('PORT', 8000)}").rstrip("/")
if PRODUCTION and not SITE_URL.startswith("https://"):
    raise ImproperlyConfigured(f"ONEPOINTS_URL is {SITE_URL!r}; in production it must begin with https://.")
ALLOWED_HOSTS = required_in_production("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
if PRODUCTION and "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS contains '*'; name the host the portal answers to.")
CSRF_TRUSTED_ORIGINS = [SITE_URL] if PRODUCTION else []

# --- the programme ------------------------------------------------------------------------------------------------
# Whose "today" decides deadlines (handbook: "whose today").
PROGRAM_TIME_ZONE = env.str("PROGRAM_TIME_ZONE", "America/Detroit")
# Days before the expiry date on which a holder is reminded; negative numbers are days after it.
REMINDER_DAYS = sorted(env.list("REMINDER_DAYS", int, [180, 120, 90, 60, 45, 37, 30, 14, 7, 1, -1]), reverse=True)

# --- what Django runs ---------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "onepoints",
    "submissions",
    "activities",
    "certifications",
    "accounts",
    "integrations",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "django.forms",
    "onepoints.admin_app.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "onepoints.middleware.ContentSecurityPolicy",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.middleware.WhereFrom",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PersonalTimeZone",
    "accounts.middleware.RightsNeedSecondFactor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.LastSeen",
    "onepoints.middleware.NoStoreWhenSignedIn",
]
ROOT_URLCONF = "onepoints.urls"
WSGI_APPLICATION = "onepoints.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- data ---------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url_config(required_in_production("DATABASE_URL", environment.database_url(VAR)))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    if PRODUCTION:
        raise ImproperlyConfigured("DATABASE_URL names SQLite; production runs on PostgreSQL (postgres://…).")
    # With Django's defaults, concurrent read-then-write transactions fail with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", 600)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

STORAGES = {
    "default": environment.evidence_storage(),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = environment.evidence_dir(VAR)  # never served by address: a view hands each file to who may see it
# The virus scanner: tcp://host:port or unix:///path. Without one, files are shown unscanned.
CLAMD = env.str("CLAMD", "")
if CLAMD and not CLAMD.startswith(("tcp://", "unix:///")):
    raise ImproperlyConfigured(f"CLAMD is {CLAMD!r}; it must be tcp://host:port or unix:///path.")
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
STATIC_ROOT = VAR / "static"
STATIC_URL = "static/"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("bootstrap", Path(*bootstrap.__path__) / "css"),
]

# --- people -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "onepoints.signin.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.signin_forms.Login",
    "signup": "accounts.signin_forms.Signup",
    "add_email": "accounts.signin_forms.AddEmail",
    "change_password": "accounts.signin_forms.ChangePassword",
    "set_password": "accounts.signin_forms.SetPassword",
    "reset_password": "accounts.signin_forms.ResetPassword",
    "reset_password_from_key": "accounts.signin_forms.ResetPasswordKey",
    "reauthenticate": "accounts.signin_forms.Reauthenticate",
    "confirm_email_verification_code": "accounts.signin_forms.ConfirmEmailCode",
    "confirm_password_reset_code": "accounts.signin_forms.ConfirmResetCode",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupNameForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  # whoever changes an account, its person hears of it
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.split(":", 1)[0]

# The second factor. Rights beyond a holder's, the team's pages first of all, are only for sessions that proved one.
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", PRODUCTION)
MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "accounts.signin_forms.SecondFactor",
    "reauthenticate": "accounts.signin_forms.SecondFactorAgain",
    "activate_totp": "accounts.signin_forms.ActivateApp",
    "add_webauthn": "accounts.signin_forms.AddPasskey",
    "edit_webauthn": "accounts.signin_forms.RenamePasskey",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # a finger, a face or a PIN, so that a found key opens nothing
MFA_TOTP_ISSUER = "OnePoints"
MFA_TOTP_TOLERANCE = 0  # allauth remembers a used code for one period only; with neighbours allowed it would work twice

# A session ends with the browser, however it began; on the server at the latest after two idle weeks.
ACCOUNT_SESSION_REMEMBER = False
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 14 * 24 * 3600

# Limits must hold across processes, so they are counted in the database. An attack must not push them out of it.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
}
# Beyond allauth's own limits: few mails to one address. None of them lasts longer than the pause the page asks for.
ACCOUNT_RATE_LIMITS = {"reset_password": "20/m/ip,3/5m/key"}
# How many proxies in front may be believed about a visitor's address; limits count by it.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", 0)

# --- security -----------------------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "onepoints.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 365 * 24 * 3600)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    if ALLAUTH_TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

# --- mail ---------------------------------------------------------------------------------------------------------
# EMAIL_URL such as smtp+tls://user:password@mail.example.com:587; without it each mail is an .eml file under var/.
vars().update(env.email_url_config(env.str("EMAIL_URL")) if env.str("EMAIL_URL", "") else {})
if not env.str("EMAIL_URL", ""):
    required_in_production("EMAIL_URL", "files")
    EMAIL_BACKEND = "integrations.mail.FileBackend"
EMAIL_FILE_PATH = VAR / "mail"
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", 10)  # seconds; Django's default waits for a silent server for good
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "OnePoints <onepoints@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Celery -------------------------------------------------------------------------------------------------------
REDIS_URL = required_in_production("REDIS_URL", environment.redis_url(VAR))
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
}
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = PROGRAM_TIME_ZONE
CELERY_TASK_PUBLISH_RETRY = False
# Ringing the doorbell after a commit; tests turn it off and deliver by hand.
DOORBELL = True

# --- language and time --------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["onepoints.formats"]
USE_TZ = True
TIME_ZONE = "UTC"

# --- logging ------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "onepoints.logs.OneLine", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    },
    "filters": {
        "no_probes": {"()": "django.utils.log.CallbackFilter", "callback": logs.is_no_answered_probe},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.request": {"filters": ["no_probes"]},
        "django.server": {"handlers": [], "propagate": True},
    },
}

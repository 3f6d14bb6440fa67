"""Django's settings. Everything an operator may change comes from the environment."""

import logging
import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import structlog

from guitai.config import embedded, home

BASE = Path(__file__).resolve().parent.parent
DEBUG = os.environ.get("GUITAI_DEBUG") == "1"
SECRET_KEY = home.secret("django_key")
GUITAI_SECRET_KEYS = [key for key in home.secret("secret_keys").split(",") if key]

ALLOWED_HOSTS = os.environ.get("GUITAI_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("GUITAI_ORIGINS", "").split(",") if o]
GUITAI_HTTPS = os.environ.get("GUITAI_HTTPS") == "1"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "django_htmx",
    "django_cotton",
    "django_structlog",
    "procrastinate.contrib.django",
    "guitai.kernel",
    "guitai.tenancy",
    "guitai.catalog",
    "guitai.numbering",
    "guitai.payments",
    "guitai.invoicing",
    "guitai.devices",
    "guitai.orders",
    "guitai.reporting",
    "guitai.invariants",
    "guitai.providers",
    "guitai.api",
    "guitai.backoffice",
    "guitai.pos",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "guitai.config.urls"
WSGI_APPLICATION = "guitai.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the applications' own, because allauth's pages would win over ours otherwise.
        "DIRS": [BASE / "backoffice" / "templates"],
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


def _database_of(url: str) -> dict[str, object]:
    """``postgresql://user:password@host:port/name?sslmode=…`` as Django's dictionary.

    A folder as ``host`` (percent-encoded, or ``?host=/path``) is a unix socket.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise home.BadAddress(
            "DATABASE_URL 看不懂；請寫成 postgresql://帳號:密碼@主機:埠/資料庫，或取消設定改用內嵌資料庫。"
        )
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }


GUITAI_DATABASE_URL = os.environ.get("DATABASE_URL") or embedded.url(home.folder())
_database = _database_of(GUITAI_DATABASE_URL)
# stack.md §8.1: without these, nothing that Django sends is ever prepared.
_database["OPTIONS"] = {
    **_database["OPTIONS"],  # type: ignore[dict-item]  # a dict[str, object] read back
    "server_side_binding": True,
    "prepare_threshold": 5,
}
_database["CONN_MAX_AGE"] = None
_database["CONN_HEALTH_CHECKS"] = True
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "tenancy.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/desk/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "guitai.tenancy.accounts.InvitedOnlyAdapter"
ACCOUNT_RATE_LIMITS: dict[str, str] = {"login_failed": "1000/m/ip"}  # django-axes counts instead
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Guitai 櫃台"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "guitai.tenancy.accounts.name_tried"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "guitai.backoffice.views.sign_in.locked_out"
AXES_VERBOSE = False

LANGUAGE_CODE = "zh-hant"
# What a browser asks for is not heard: the desk speaks one language, its errors none other.
LANGUAGES = [("zh-hant", "繁體中文")]
TIME_ZONE = "Asia/Taipei"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = home.folder() / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = GUITAI_HTTPS
CSRF_COOKIE_SECURE = GUITAI_HTTPS
SECURE_SSL_REDIRECT = GUITAI_HTTPS and os.environ.get("GUITAI_TLS_AT_PROXY") != "1"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if GUITAI_HTTPS else None
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

EMAIL_BACKEND = os.environ.get("GUITAI_EMAIL", "django.core.mail.backends.console.EmailBackend")

PROCRASTINATE_IMPORT_PATHS = ["guitai.invoicing.jobs", "guitai.numbering.jobs"]

GUITAI_TURNKEY_FOLDER = os.environ.get("GUITAI_TURNKEY", str(home.folder() / "turnkey"))
GUITAI_AGENT_FILES = os.environ.get("GUITAI_AGENT_FILES", str(home.folder() / "agent-files"))
GUITAI_AGENT_PORTS = [
    int(port) for port in os.environ.get("GUITAI_AGENT_PORTS", "47120,47121,47122,47123").split(",")
]

# The relay between pages and agents: its port here, and its address as the world knows it
# (wss://shop.example/relay) where that is not this machine's own port or /relay behind TLS.
GUITAI_RELAY_PORT = int(os.environ.get("GUITAI_RELAY_PORT", "8001"))
GUITAI_RELAY_URL = os.environ.get("GUITAI_RELAY_URL", "")

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ],
    wrapper_class=structlog.make_filtering_bound_logger(
        logging.getLevelNamesMapping()[os.environ.get("GUITAI_LOG_LEVEL", "WARNING")]
    ),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("GUITAI_LOG_LEVEL", "WARNING")},
}

if os.environ.get("GUITAI_TEST_DB"):
    _database["TEST"] = {"NAME": f"test_guitai_{os.environ['GUITAI_TEST_DB']}"}

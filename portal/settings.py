"""Django settings: one file, everything that differs between installs comes from the environment.

``portal.env`` reads and checks it; the README lists the variables. A development or demo install needs none of them.
"""

import hashlib
import os
from urllib.parse import urlsplit

from django.contrib.messages import constants as message_constants

from portal.env import BASE_DIR, database_url, env, fernet_keys, percent, positive, redis_url, seal, web_address

DEBUG = env.bool("DEBUG", False)
VAR_DIR = env.path("VAR_DIR", BASE_DIR / "var")
# A fixed key would be everybody's key: without SECRET_KEY only a loopback (demo) install starts, see portal/checks.py.
SECRET_KEY = env.str("SECRET_KEY", "") or "insecure-demo-key-" + hashlib.sha256(str(BASE_DIR).encode()).hexdigest()
FIELD_ENCRYPTION_KEYS: list[str] = env.list("FIELD_ENCRYPTION_KEYS", [], validate=fernet_keys)
BASE_ADDRESS = (env.str("BASE_URL", "", validate=web_address) or "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", [])
DATABASE_URL = env.str("DATABASE_URL", "", validate=database_url)
BROKER_URL = env.str("BROKER_URL", "", validate=redis_url)
WORKERS = env.int("WORKERS", 2, validate=positive)
ALLOW_LOOPBACK_APPS = env.bool("ALLOW_LOOPBACK_APPS", False)
STANDINS_FILE = env.path("STANDINS_FILE", None)
HUBSPOT_CLIENT_ID = env.str("HUBSPOT_CLIENT_ID", "")
HUBSPOT_CLIENT_SECRET = env.str("HUBSPOT_CLIENT_SECRET", "")
HUBSPOT_API_URL = env.str("HUBSPOT_API_URL", "https://api.hubapi.com", validate=web_address)
HUBSPOT_APP_URL = env.str("HUBSPOT_APP_URL", "https://app.hubspot.com", validate=web_address)
HUBSPOT_CALLS_PER_SECOND = env.int("HUBSPOT_CALLS_PER_SECOND", 0)
DYNAMICS_CLIENT_ID = env.str("DYNAMICS_CLIENT_ID", "")
DYNAMICS_CLIENT_SECRET = env.str("DYNAMICS_CLIENT_SECRET", "")
DYNAMICS_LOGIN_URL = env.str("DYNAMICS_LOGIN_URL", "https://login.microsoftonline.com", validate=web_address)
DYNAMICS_CALLS_PER_SECOND = env.int("DYNAMICS_CALLS_PER_SECOND", 0)
SALESFORCE_CLIENT_ID = env.str("SALESFORCE_CLIENT_ID", "")
SALESFORCE_CLIENT_SECRET = env.str("SALESFORCE_CLIENT_SECRET", "")
SALESFORCE_LOGIN_URL = env.str("SALESFORCE_LOGIN_URL", "https://login.salesforce.com", validate=web_address)
SALESFORCE_DAILY_SHARE = env.int("SALESFORCE_DAILY_SHARE", 50, validate=percent)
SNOVIO_API_URL = env.str("SNOVIO_API_URL", "https://api.snov.io", validate=web_address)
SNOVIO_CALLS_PER_MINUTE = env.int("SNOVIO_CALLS_PER_MINUTE", 50, validate=positive)
SANSAN_API_URL = env.str("SANSAN_API_URL", "https://api.sansan.com", validate=web_address)
SANSAN_CALLS_PER_MINUTE = env.int("SANSAN_CALLS_PER_MINUTE", 240, validate=positive)
CUSTOM_MAPPINGS = env.bool("CUSTOM_MAPPINGS", True)
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", False)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Syncline <syncline@localhost>")
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
seal()

BASE_URL = urlsplit(BASE_ADDRESS)
ALLOWED_HOSTS = ALLOWED_HOSTS or [BASE_URL.hostname or "localhost", "127.0.0.1", "localhost"]
CSRF_TRUSTED_ORIGINS = [BASE_ADDRESS]
HTTPS = BASE_URL.scheme == "https"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_q",
    "rest_framework",
    "csp",
    "portal",
    "portal.accounts",
    "integrations",
    "syncjobs",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "portal.middleware.NoNullCharacters",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.SessionOver",
    "portal.middleware.CurrentAccount",
    "portal.middleware.ReaderTimeZone",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["portal.templatetags.ui"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.shell",
            ],
        },
    }
]

# -- database -------------------------------------------------------------------------------------------------------
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000; PRAGMA cache_size=-32000; "
    "PRAGMA wal_autocheckpoint=4000;"  # pages of 4 KiB: a bulk write touches the same ones again and again
)
if DATABASE_URL:
    import dj_database_url

    DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
else:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "syncline.sqlite3")}}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: a transaction that will write takes the lock at once and waits its turn, instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": SQLITE_PRAGMAS}
else:
    # django-q2 with the ORM broker does 18-47 tasks a second without persistent connections, 130-300 with them.
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": BROKER_URL}
        if BROKER_URL
        else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}
    )
}

# -- background work: see "the queue" in syncjobs/tasks.py for why each number is what it is --------------------------
SINGLE_CLUSTER = DATABASES["default"]["ENGINE"].endswith("sqlite3")
Q_CLUSTER = {
    "name": "live",
    "workers": WORKERS,
    "timeout": 60,
    "retry": 600,
    "queue_limit": 1,
    "bulk": 1,
    "poll": 0.2,
    "save_limit": -1,
    "ack_failures": True,
    "max_attempts": 1,
    "catch_up": False,
    "recycle": 200,
    "label": "Background work",
    "ALT_CLUSTERS": {
        "bulk": {
            "workers": WORKERS, "timeout": 60, "retry": 600, "queue_limit": 1, "bulk": 1, "poll": 0.2, "save_limit": -1,
            "ack_failures": True, "max_attempts": 1, "catch_up": False, "recycle": 200,
        }
    },
}  # fmt: skip
if BROKER_URL:
    Q_CLUSTER["redis"] = BROKER_URL
else:
    Q_CLUSTER["orm"] = "default"

# -- who may enter ----------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ACCOUNT_ADAPTER = "portal.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = BASE_URL.scheme
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_ADAPTER = "portal.accounts.adapters.MFAAdapter"
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# -- browser side -----------------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = HTTPS and TRUSTED_PROXIES == 0
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
        # No form-action: connecting an app ends in a redirect to the vendor's own consent page.
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "files"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = False

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_TIMEOUT = 10

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
MESSAGE_TAGS = {
    message_constants.ERROR: "failed",
    message_constants.SUCCESS: "insync",
    message_constants.WARNING: "review",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "portal.redaction.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django-q": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "urllib3": {"level": "INFO"},  # its DEBUG lines hold query strings, and those hold people's addresses
    },
}

os.makedirs(VAR_DIR, exist_ok=True)

"""The site's own settings, made fast and independent of the machine: only DATABASE_URL is taken from outside.

Files go to one folder per process below TESTS_DIR (made by ``python -m tests``, else here), removed at the end.
"""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

if "TESTS_DIR" not in os.environ:
    # Inherited by the processes that pytest-xdist starts; only the one that made the folder removes it.
    os.environ["TESTS_DIR"] = tempfile.mkdtemp(prefix="syncline-tests-")
    atexit.register(shutil.rmtree, os.environ["TESTS_DIR"], ignore_errors=True)

for name in re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', (ROOT / "portal" / "settings.py").read_text()):
    if name != "DATABASE_URL":
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)

os.environ.update(
    SECRET_KEY="only-for-tests-" * 4,
    FIELD_ENCRYPTION_KEYS="SNp9IL3pG7mkzbwWwoYhKmFYCXLwqMKb9qHFMm5W2DA=",
    BASE_URL="http://127.0.0.1:8000",
    ALLOW_LOOPBACK_APPS="true",
    LOG_LEVEL="WARNING",
    VAR_DIR=str(Path(os.environ["TESTS_DIR"]) / os.environ.get("PYTEST_XDIST_WORKER", "main")),
)
(Path(os.environ["VAR_DIR"]) / "static").mkdir(parents=True, exist_ok=True)

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES, VAR_DIR  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: shared in-memory databases have other locks. Nothing of it needs to reach the disk.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # a kept connection would stop the test database from being dropped
# Each test client builds the middleware anew, and would list all static files each time: they are looked up when asked for.
WHITENOISE_AUTOREFRESH = True

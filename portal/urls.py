"""The composition root: the one module that names all three packages."""

import sys
from importlib import import_module

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from portal import views


def included(module: str) -> list:
    # For now: packages are being filled in.
    try:
        import_module(module)
    except Exception as error:
        print(f"{module} is not ready: {error}", file=sys.stderr)
        return []
    return [path("", include(module))]


urlpatterns = [
    path("", views.home, name="home"),
    path("theme/", views.set_theme, name="theme"),
    path("account/", include("portal.accounts.urls")),
    *included("integrations.urls"),
    *included("syncjobs.urls"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("_kit/", views.kit, name="kit"))

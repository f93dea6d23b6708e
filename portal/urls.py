"""The composition root: the one module that names all three packages."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("theme/", views.set_theme, name="theme"),
    path("account/", include("portal.accounts.urls")),
    path("", include("integrations.urls")),
    path("", include("syncjobs.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("_kit/", views.kit, name="kit"))

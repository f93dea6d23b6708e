from django.urls import path

from integrations.views import checks, connect, directory, manage, webhook

app_name = "integrations"

urlpatterns = [
    path("apps/", directory.directory, name="directory"),
    path("apps/oauth/callback/", connect.oauth_callback, name="oauth_callback"),
    path("apps/<slug:key>/connect/", connect.connect, name="connect"),
    path("integrations/<int:pk>/checks/", checks.checks, name="checks"),
    path("integrations/<int:pk>/manage/", manage.manage, name="manage"),
    path("integrations/<int:pk>/reconnect/", connect.reconnect, name="reconnect"),
    path("integrations/<int:pk>/rename/", manage.rename, name="rename"),
    path("integrations/<int:pk>/disconnect/", manage.disconnect, name="disconnect"),
    path("hooks/<slug:app_key>/", webhook.webhook, name="webhook"),
]

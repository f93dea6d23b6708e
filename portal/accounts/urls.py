from django.urls import path

from portal.accounts import views

app_name = "accounts"
urlpatterns = [
    path("new/", views.new, name="new"),
    path("switch/", views.switch, name="switch"),
    path("members/", views.members, name="members"),
    path("members/<int:pk>/role/", views.change_role, name="change_role"),
    path("members/<int:pk>/remove/", views.remove_member, name="remove_member"),
    path("invitations/new/", views.invite, name="invite"),
    path("invitations/<int:pk>/revoke/", views.revoke, name="revoke"),
    path("join/<str:token>/", views.invitation, name="invitation"),
    path("audit/", views.audit, name="audit"),
    path("settings/", views.settings, name="settings"),
]

"""Addresses of the wizard: each step is one, over a draft."""

from django.urls import path

from syncjobs.wizard import values_page, views

urlpatterns = [
    path("syncs/new/", views.draft_new, name="draft_new"),
    path("syncs/<int:pk>/setup/<slug:step>/", views.setup, name="setup"),
    path("syncs/<int:pk>/setup/mappings/sample/", views.sample, name="setup_sample"),
    path("syncs/<int:pk>/setup/mappings/<int:mapping>/values/", values_page.values, name="setup_values"),
    path("syncs/<int:pk>/setup/review/estimate/", views.estimate, name="setup_estimate"),
    path("syncs/<int:pk>/edit/", views.edit, name="edit"),
    path("syncs/<int:pk>/discard/", views.discard, name="discard"),
]

"""Addresses of health, records, actions and exports."""

from django.urls import path

from syncjobs.exports import views as exports
from syncjobs.health.views import actions, overview, records, syncs, weak

urlpatterns = [
    path("integrations/", overview.index, name="index"),
    path("integrations/<int:pk>/", overview.instance, name="instance"),
    path("integrations/<int:pk>/runs/", overview.instance_runs, name="instance_runs"),
    path("integrations/<int:pk>/run/", actions.run_all, name="run_all"),
    path("integrations/<int:pk>/pause/", actions.pause_all, name="pause_all"),
    path("integrations/<int:pk>/resume/", actions.resume_all, name="resume_all"),
    path("syncs/<int:pk>/", syncs.sync, name="sync"),
    path("syncs/<int:pk>/progress/", syncs.progress, name="progress"),
    path("syncs/<int:pk>/records/<slug:status>/", records.records, name="records"),
    path("syncs/<int:pk>/pause/", actions.pause, name="pause"),
    path("syncs/<int:pk>/resume/", actions.resume, name="resume"),
    path("syncs/<int:pk>/run_now/", actions.run_now, name="run_now"),
    path("syncs/<int:pk>/resync/", actions.resync, name="resync"),
    path("syncs/<int:pk>/weak/", weak.link_all, name="weak"),
    path("syncs/<int:pk>/weak/say/", weak.say, name="weak_say"),
    path("syncs/<int:pk>/turn_off/", actions.turn_off, name="turn_off"),
    path("syncs/<int:pk>/delete/", actions.delete, name="delete"),
    path("syncs/<int:pk>/export/", exports.new, name="export_new"),
    path("records/<int:pk>/", records.record, name="record"),
    path("records/<int:pk>/keep/", actions.keep, name="keep"),
    path("records/<int:pk>/found/", actions.found, name="found"),
    path("records/<int:pk>/create_again/", actions.create_again, name="create_again"),
    path("exports/", exports.index, name="exports"),
    path("exports/<int:pk>/download/", exports.download, name="export_download"),
]

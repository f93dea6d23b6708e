"""Pages of the syncs: setting them up (wizard) and looking after them (health)."""

from importlib.util import find_spec

from syncjobs.wizard.urls import urlpatterns as wizard_urls

health_urls: list = []
if find_spec("syncjobs.health.urls"):
    from syncjobs.health.urls import urlpatterns as health_urls

app_name = "syncjobs"

urlpatterns = [*wizard_urls, *health_urls]

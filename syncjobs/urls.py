"""Pages of the syncs: setting them up (wizard) and looking after them (health)."""

from syncjobs.health.urls import urlpatterns as health_urls
from syncjobs.wizard.urls import urlpatterns as wizard_urls

app_name = "syncjobs"

urlpatterns = [*wizard_urls, *health_urls]

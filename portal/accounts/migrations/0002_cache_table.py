"""The table behind ``CACHES["default"]`` where no Redis is set: rate limits of sign-in live in it."""

from django.core.management import call_command
from django.db import migrations

TABLE = "portal_cache"


def create(apps, schema_editor):
    # Named, so that the table exists even where this install uses Redis today and drops it tomorrow.
    call_command("createcachetable", TABLE, database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(create, lambda apps, schema_editor: schema_editor.execute(f"DROP TABLE {TABLE}"))]

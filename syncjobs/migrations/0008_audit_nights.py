import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0007_intent_found_id")]

    operations = [
        migrations.CreateModel(
            name="AuditNight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("looked", models.PositiveIntegerField(default=0)),
                ("differed", models.PositiveIntegerField(default=0)),
                ("drift_hub", models.PositiveIntegerField(default=0)),
                ("drift_app", models.PositiveIntegerField(default=0)),
                ("apart", models.PositiveIntegerField(default=0)),
                ("miscounted", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "sync",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="audit_nights", to="syncjobs.sync"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("sync", "day"), name="one_row_per_sync_and_night")]
            },
        ),
    ]

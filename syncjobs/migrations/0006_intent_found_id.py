from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0005_audit_and_stumbles")]

    operations = [
        migrations.AddField("writeintent", "found_id", models.CharField(default="", max_length=200)),
    ]

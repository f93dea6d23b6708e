from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0006_when_constants_apply")]

    operations = [
        migrations.AddField("writeintent", "found_id", models.CharField(default="", max_length=200)),
    ]

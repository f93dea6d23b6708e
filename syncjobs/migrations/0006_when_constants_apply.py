from django.db import migrations, models


def carry_over(apps, schema_editor):
    apps.get_model("syncjobs", "ConstantField").objects.filter(on_create_only=True).update(when="create")


def carry_back(apps, schema_editor):
    apps.get_model("syncjobs", "ConstantField").objects.exclude(when="always").update(on_create_only=True)


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0005_audit_and_stumbles")]

    operations = [
        migrations.AddField(
            model_name="constantfield",
            name="when",
            field=models.CharField(
                choices=[
                    ("always", "with every write"),
                    ("create", "on new records only"),
                    ("promote", "where blank or earlier in the list"),
                ],
                default="always",
                max_length=8,
            ),
        ),
        migrations.RunPython(carry_over, carry_back),
        migrations.RemoveField(model_name="constantfield", name="on_create_only"),
    ]

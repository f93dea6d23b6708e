from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SyncjobsConfig(AppConfig):
    name = "syncjobs"
    verbose_name = "Syncs"

    def ready(self) -> None:
        from integrations import hooks
        from integrations.signals import hints_received, instance_state_changed
        from syncjobs import receivers, schedules

        hooks.instance_usage.append(lambda instance: [str(sync) for sync in receivers.of_instance(instance)])
        hints_received.connect(receivers.take_hints, dispatch_uid="syncjobs.hints")
        instance_state_changed.connect(receivers.follow_instance, dispatch_uid="syncjobs.instances")
        post_migrate.connect(schedules.ensure, sender=self, dispatch_uid="syncjobs.schedule")

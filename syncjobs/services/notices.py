"""Mail that the product sends about syncs."""

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from syncjobs.models import SyncRun


def initial_sync_done(run: SyncRun) -> None:
    assert run.requested_by is not None
    counts = {c.status: c.n for c in run.sync.counts.all()}
    address = settings.BASE_ADDRESS + reverse("syncjobs:sync", args=[run.sync_id])
    context = {"run": run, "sync": run.sync, "counts": counts, "address": address}
    subject = render_to_string("syncjobs/mail/initial_sync_done_subject.txt", context).strip()
    body = render_to_string("syncjobs/mail/initial_sync_done.txt", context)
    send_mail(subject, body, None, [run.requested_by.email], fail_silently=True)

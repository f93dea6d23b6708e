"""Where apps send their change events. No sign-in: the event's signature is checked instead."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations import webhooks


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, app_key: str) -> HttpResponse:
    return webhooks.receive(request, app_key)

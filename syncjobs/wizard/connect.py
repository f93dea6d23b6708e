"""Step 1: which app, and which pair of objects."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import registry
from integrations.errors import ConnectorError
from integrations.models import AppInstance, InstanceState
from integrations.registry import App, Kind
from syncjobs.models import Sync
from syncjobs.services import drafts
from syncjobs.wizard.page import StepPage


@dataclass(frozen=True)
class Pair:
    """One radio button."""

    value: str  # "12:prospects:contacts": app instance, app kind, hub kind
    app_kind: Kind
    hub_kind: Kind
    taken: Sync | None
    chosen: bool


@dataclass(frozen=True)
class Choice:
    """An app instance with the object pairs that it could keep equal."""

    instance: AppInstance
    connected: bool
    pairs: list[Pair]


class ConnectPage(StepPage):
    key = "connect"
    label = gettext_lazy("Connect")
    heading = gettext_lazy("Choose what to sync")
    next_label = gettext_lazy("Next: direction")
    template = "syncjobs/setup/_connect.html"
    needs_pair = False
    redraw = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.hub = self.draft.hub_instance or drafts.hub_of(self.draft.account)

    def context(self) -> dict[str, Any]:
        here = reverse("syncjobs:setup", args=[self.draft.pk, self.key])
        choices = self.choices()
        alike = drafts.alike(self._as_ticked(choices)) if self.hub else []
        return {
            "hub": self.hub,
            "hub_connected": bool(self.hub and self.hub.state == InstanceState.CONNECTED),
            **self._split(choices),
            "alike": alike,
            # Choosing it redraws the step, like every change.
            "copy_from": next((sync for sync in alike if str(sync.pk) == self.typed("copy_from")), None),
            "fixed": bool(self.draft.draft_of_id),
            "hubs_to_connect": [_to_connect(app, here, as_hub=True) for app in _all_apps() if app.can_be_hub],
            "apps_to_connect": [_to_connect(app, here) for app in _all_apps() if not app.only_hub and self._pairs(app)],
        }

    def choices(self) -> list[Choice]:
        instances = AppInstance.objects.for_account(self.draft.account).live().exclude(is_hub=True).order_by("pk")
        found = [
            Choice(instance, instance.state == InstanceState.CONNECTED, self._radio_buttons(instance))
            for instance in instances
            if not instance.app.only_hub
        ]
        if not any(pair.chosen for choice in found for pair in choice.pairs):
            found = self._only_choice_chosen(found)
        # The app that the person came from stands first.
        return sorted(found, key=lambda choice: choice.instance != self.draft.app_instance)

    def _as_ticked(self, choices: list[Choice]) -> Sync:
        """The draft with the pair that is ticked, which may not be stored yet."""
        ticked = [(choice.instance, pair) for choice in choices for pair in choice.pairs if pair.chosen]
        if not ticked or self.draft.app_kind:
            return self.draft
        ((instance, pair),) = ticked
        kinds = {"hub_kind": pair.hub_kind.key, "app_kind": pair.app_kind.key}
        return Sync(account=self.draft.account, hub_instance=self.hub, app_instance=instance, **kinds)

    def _split(self, choices: list[Choice]) -> dict[str, list[Choice]]:
        """Of a person who comes from an app, all others stay folded: with many connections they are pages long."""
        known = self.draft.app_instance and choices and choices[0].instance == self.draft.app_instance
        return {"choices": choices[:1], "others": choices[1:]} if known else {"choices": choices, "others": []}

    def _only_choice_chosen(self, found: list[Choice]) -> list[Choice]:
        """Where exactly one pair can be chosen it is, to be confirmed by going on: of the app that the person came from, if any."""
        ready = bool(self.hub and self.hub.state == InstanceState.CONNECTED)
        mine = [choice for choice in found if choice.instance == self.draft.app_instance] or found
        free = [pair for choice in mine if choice.connected for pair in choice.pairs if not pair.taken]
        if not ready or len(free) != 1:
            return found
        return [
            replace(choice, pairs=[replace(pair, chosen=pair is free[0]) for pair in choice.pairs]) for choice in found
        ]

    def _pairs(self, app: App) -> list[tuple[Kind, Kind]]:
        return registry.pairs(self.hub.app, app) if self.hub else []

    def _radio_buttons(self, instance: AppInstance) -> list[Pair]:
        return [
            Pair(
                value=f"{instance.pk}:{app_kind.key}:{hub_kind.key}",
                app_kind=app_kind,
                hub_kind=hub_kind,
                taken=self._taken(instance, app_kind, hub_kind),
                chosen=self._is_chosen(instance, app_kind, hub_kind),
            )
            for hub_kind, app_kind in self._pairs(instance.app)
        ]

    def _taken(self, instance: AppInstance, app_kind: Kind, hub_kind: Kind) -> Sync | None:
        assert self.hub
        return drafts.taken(app_instance=instance, hub_instance=self.hub, hub_kind=hub_kind.key, app_kind=app_kind.key)

    def _is_chosen(self, instance: AppInstance, app_kind: Kind, hub_kind: Kind) -> bool:
        if self.data and self.data.get("pair"):
            return self.data["pair"] == f"{instance.pk}:{app_kind.key}:{hub_kind.key}"
        return (instance, app_kind.key, hub_kind.key) == (
            self.draft.app_instance,
            self.draft.app_kind,
            self.draft.hub_kind,
        )

    def save(self) -> bool:
        """Nothing chosen yet is fine for a draft."""
        value = self.typed("pair")
        if not value or self.draft.draft_of_id:
            return True
        try:
            pk, app_kind, hub_kind = value.split(":")
            instance = AppInstance.objects.for_account(self.draft.account).live().get(pk=int(pk))
        except (ValueError, AppInstance.DoesNotExist):
            self.errors.append(_("Choose one of the pairs below."))
            return False
        if self.hub is None:
            self.errors.append(_("Connect your hub first."))
            return False
        try:
            drafts.choose_pair(
                draft=self.draft, app_instance=instance, hub_instance=self.hub, hub_kind=hub_kind, app_kind=app_kind
            )
        except drafts.Refused as refusal:
            self.errors.append(str(refusal))
            return False
        except ConnectorError as error:
            self.draft.refresh_from_db()
            self.errors.append(
                _("The fields could not be read, so nothing was chosen. %(reason)s Try again in a moment.")
                % {"reason": error}
            )
            return False
        return True

    def act(self, verb: str, argument: str) -> bool:
        if verb != "copy" or not self.save():
            return False
        chosen = self.typed("copy_from")
        source = next((sync for sync in drafts.alike(self.draft) if str(sync.pk) == chosen), None)
        if source is None:
            self.errors.append(_("Choose the sync whose settings you want."))
            return False
        try:
            left_out = drafts.copy_settings(draft=self.draft, source=source)
        except ConnectorError as error:
            self.errors.append(_("The fields could not be read: %(reason)s") % {"reason": error})
            return False
        messages.success(self.request, _("The settings are copied. Look at them in the next steps."))
        if left_out:
            words = _("Left out, because this account has no such field: %(fields)s.")
            messages.warning(self.request, words % {"fields": ", ".join(left_out)})
        return True

    def complete(self) -> bool:
        if self.draft.app_kind:
            return True
        self.errors.append(_("Choose what to sync."))
        return False


def _all_apps() -> list[App]:
    return list(registry.apps().values())


def _to_connect(app: App, back: str, as_hub: bool = False) -> dict[str, Any]:
    """An app with the address of its connect page, which leads back here."""
    query = {"next": back, **({"as_hub": "1"} if as_hub else {})}
    return {"app": app, "url": f"{reverse('integrations:connect', args=[app.key])}?{urlencode(query)}"}

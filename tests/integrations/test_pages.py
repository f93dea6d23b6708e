"""The directory and the pages of one connected account, without any app behind them."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from integrations import cards, hooks
from integrations.models import AppInstance, Credential, InstanceState
from integrations.receivers import note_hint
from integrations.registry import apps
from portal.accounts.models import Account, AuditEvent

SECRET = "sesame-open-4711"
HTMX = {"HX-Request": "true"}


def connected(account: Account, app_key: str, label: str, **more: Any) -> AppInstance:
    way = apps()[app_key].ways_in[0].key
    instance = AppInstance.objects.create(
        account=account, app_key=app_key, label=label, way_in=way, remote_account_id=label, **more
    )
    Credential.objects.create(instance=instance, secrets={"instance": instance.pk, "access_token": SECRET})
    return instance


@pytest.fixture
def hub(account: Account) -> AppInstance:
    return connected(account, "hubspot", "Main portal", is_hub=True)


@pytest.fixture
def instance(account: Account, hub: AppInstance) -> AppInstance:
    return connected(account, "snovio", "Sales team")


@pytest.fixture
def two_users_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something above ``integrations`` says what would stop."""
    monkeypatch.setattr(hooks, "instance_usage", [lambda instance: ["Contacts to prospects", "Prospects to contacts"]])


# -- the directory ----------------------------------------------------------------------------------------------------
def names_on(page: str) -> list[str]:
    return [app.name for app in apps().values() if f'id="app-{app.key}"' in page]


def test_the_directory_lists_every_app(as_viewer: Client) -> None:
    page = as_viewer.get("/apps/").content.decode()
    assert names_on(page) == [app.name for app in apps().values()]


@pytest.mark.parametrize("words", ["snov", "SNOV.IO", "prospects snov"])
def test_search_finds_by_name_and_object(as_viewer: Client, words: str) -> None:
    assert names_on(as_viewer.get("/apps/", {"q": words}).content.decode()) == ["Snov.io"]


def test_a_search_without_result_says_what_to_do(as_viewer: Client) -> None:
    page = as_viewer.get("/apps/", {"q": "no such app"}).content.decode()
    assert names_on(page) == []
    assert "No app fits that search" in page
    assert 'href="/apps/"' in page


def test_search_text_comes_back_escaped(as_viewer: Client) -> None:
    page = as_viewer.get("/apps/", {"q": '"><script>alert(1)</script>', "object": "<b>"}).content.decode()
    assert "<script>alert" not in page


def test_live_search_gets_the_cards_alone(as_viewer: Client) -> None:
    answer = as_viewer.get("/apps/", {"q": "snov"}, headers=HTMX)
    page = answer.content.decode()
    assert names_on(page) == ["Snov.io"]
    assert "<html" not in page
    assert "HX-Request" in answer["Vary"]


def test_facets_narrow_to_the_object_and_to_real_time(as_viewer: Client) -> None:
    real_time = [card.app.name for card in cards.find() if card.real_time]
    assert names_on(as_viewer.get("/apps/", {"real_time": "on"}).content.decode()) == real_time
    assert names_on(as_viewer.get("/apps/", {"object": "person"}).content.decode()) == [
        app.name for app in apps().values()
    ]
    assert names_on(as_viewer.get("/apps/", {"object": "spaceship"}).content.decode()) == []


def test_a_card_says_what_an_app_cannot_do() -> None:
    for app in apps().values():
        able = [app.abilities(kind.key) for kind in app.kinds]
        said = str(dict(cards.of(replace(app, facts=())).facts).get("Cannot", ""))
        assert ("delete records" in said) == any(not one.delete for one in able)
        assert ("set a value back to blank" in said) == any(not one.clear for one in able)
        assert ("create fields" in said) == (not any(one.create_fields for one in able))


def test_permissions_keep_their_headings_where_rows_become_cards(as_manager: Client, account: Account) -> None:
    """On a narrow screen the table would be wider than the page."""
    AppInstance.objects.create(account=account, app_key="hubspot", label="Hub", is_hub=True)
    for app in apps().values():
        page = as_manager.get(f"/apps/{app.key}/connect/").content.decode()
        assert page.count('data-l="May"') == page.count('data-l="Why"') == len(app.permissions)


def test_an_app_may_say_a_fact_better_itself() -> None:
    app = replace(next(iter(apps().values())), facts=(("Limits", "be gentle"), ("Since", "2020")))
    facts = cards.of(app).facts
    assert [words for word, words in facts if word == "Limits"] == ["be gentle"]
    assert ("Since", "2020") in facts


def test_without_a_hub_the_hub_is_offered_first(as_manager: Client) -> None:
    assert "Start with your hub" in as_manager.get("/apps/").content.decode()
    page = as_manager.get("/apps/snovio/connect/").content.decode()
    assert "The hub comes first" in page
    assert "/apps/hubspot/connect/" in page
    assert as_manager.post("/apps/snovio/connect/", {"client_id": "x", "client_secret": "y"}).status_code == 409


def test_a_viewer_looks_but_is_offered_nothing(as_viewer: Client, instance: AppInstance) -> None:
    page = as_viewer.get("/apps/").content.decode()
    assert "Sales team" in page
    assert "/connect/" not in page
    assert "/manage/" not in page


def test_a_disconnected_account_stays_in_the_directory(as_manager: Client, instance: AppInstance) -> None:
    AppInstance.objects.filter(pk=instance.pk).update(state=InstanceState.DISCONNECTED)
    page = as_manager.get("/apps/").content.decode()
    assert reverse("integrations:manage", args=[instance.pk]) in page
    assert "Connect Snov.io" in page  # as nothing of it is connected now


# -- one account ------------------------------------------------------------------------------------------------------
def test_manage_shows_all_but_the_secret(as_manager: Client, hub: AppInstance, manager: User) -> None:
    AppInstance.objects.filter(pk=hub.pk).update(scopes=["crm.objects.contacts.read"], connected_by=manager)
    page = as_manager.get(f"/integrations/{hub.pk}/manage/").content.decode()
    for text in ("Main portal", "crm.objects.contacts.read", manager.email, "/hooks/hubspot/", "No event has arrived"):
        assert text in page
    assert SECRET not in page


def test_the_page_tells_when_events_arrive(as_manager: Client, hub: AppInstance) -> None:
    note_hint(AppInstance, instance=hub, hints=[])
    assert "Events arrive" in as_manager.get(f"/integrations/{hub.pk}/manage/").content.decode()


def test_no_webhook_address_where_no_events_can_come(as_manager: Client, hub: AppInstance) -> None:
    AppInstance.objects.filter(pk=hub.pk).update(way_in="service_key")
    assert "/hooks/" not in as_manager.get(f"/integrations/{hub.pk}/manage/").content.decode()


def test_a_burst_of_events_is_noted_once_a_minute(hub: AppInstance) -> None:
    note_hint(AppInstance, instance=hub, hints=[])
    first = AppInstance.objects.get(pk=hub.pk).hinted_at
    note_hint(AppInstance, instance=hub, hints=[])
    assert AppInstance.objects.get(pk=hub.pk).hinted_at == first


def test_rename(as_manager: Client, instance: AppInstance, account: Account) -> None:
    answer = as_manager.post(f"/integrations/{instance.pk}/rename/", {"label": "EMEA"}, follow=True)
    assert "EMEA" in answer.content.decode()
    assert AppInstance.objects.get(pk=instance.pk).label == "EMEA"
    assert AuditEvent.objects.filter(account=account, verb="app.renamed").exists()


def test_a_name_cannot_be_blank(as_manager: Client, instance: AppInstance) -> None:
    answer = as_manager.post(f"/integrations/{instance.pk}/rename/", {"label": " "})
    assert answer.status_code == 422
    assert "Sales team" in answer.content.decode()  # the heading still names it
    assert AppInstance.objects.get(pk=instance.pk).label == "Sales team"


def test_disconnecting_names_what_stops(as_manager: Client, instance: AppInstance, two_users_of_it: None) -> None:
    page = as_manager.get(f"/integrations/{instance.pk}/disconnect/").content.decode()
    assert "Disconnect and stop 2 syncs" in page
    assert "Prospects to contacts" in page
    assert AppInstance.objects.get(pk=instance.pk).state == InstanceState.CONNECTED  # looking changes nothing


def test_disconnecting_forgets_the_keys_and_keeps_the_rest(as_manager: Client, instance: AppInstance) -> None:
    answer = as_manager.post(f"/integrations/{instance.pk}/disconnect/", follow=True)
    assert "Snov.io is disconnected" in answer.content.decode()
    assert AppInstance.objects.get(pk=instance.pk).state == InstanceState.DISCONNECTED
    assert not Credential.objects.filter(instance=instance).exists()
    page = as_manager.get(f"/integrations/{instance.pk}/manage/").content.decode()
    assert f"/integrations/{instance.pk}/reconnect/" in page


def test_key_inputs_are_hidden_and_never_come_back(as_manager: Client, hub: AppInstance) -> None:
    way = next(way for way in apps()["snovio"].ways_in if way.kind == "keys")
    page = as_manager.get(f"/apps/snovio/connect/?way={way.key}").content.decode()
    secrets = [field.name for field in way.fields if field.secret]
    assert secrets
    for name in secrets:
        assert f'<input type="password" name="{name}"' in page
    answer = as_manager.post(
        f"/apps/snovio/connect/?way={way.key}", dict.fromkeys(secrets, SECRET) | {"label": "x" * 121}
    )
    assert answer.status_code == 422
    assert SECRET not in answer.content.decode()
    assert "x" * 121 in answer.content.decode()  # nothing else is typed twice


# -- who may --------------------------------------------------------------------------------------------------------
PAGES = ["checks", "manage", "reconnect", "disconnect"]
VERBS = ["checks", "reconnect", "rename", "disconnect"]


def address(name: str, instance: AppInstance) -> str:
    return reverse(f"integrations:{name}", args=[instance.pk])


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_finds_nothing(as_stranger: Client, instance: AppInstance, name: str) -> None:
    assert as_stranger.get(address(name, instance)).status_code == 404


@pytest.mark.parametrize("name", VERBS)
def test_a_stranger_changes_nothing(as_stranger: Client, instance: AppInstance, name: str) -> None:
    assert as_stranger.post(address(name, instance), {"label": "Mine now"}).status_code == 404
    assert AppInstance.objects.get(pk=instance.pk).label == "Sales team"
    assert AppInstance.objects.get(pk=instance.pk).state == InstanceState.CONNECTED


@pytest.mark.parametrize("name", PAGES)
def test_a_viewer_is_refused(as_viewer: Client, instance: AppInstance, name: str) -> None:
    assert as_viewer.get(address(name, instance)).status_code == 403


@pytest.mark.parametrize("path", ["/apps/hubspot/connect/", "/apps/oauth/callback/?state=x&code=y"])
def test_a_viewer_connects_nothing(as_viewer: Client, path: str) -> None:
    assert as_viewer.get(path).status_code == 403


def test_signed_out_visitors_go_to_sign_in(client: Client, instance: AppInstance) -> None:
    for path in ["/apps/", "/apps/hubspot/connect/", *(address(name, instance) for name in PAGES)]:
        assert client.get(path)["Location"].startswith("/accounts/login/")


def test_an_unknown_app_is_not_found(as_manager: Client) -> None:
    assert as_manager.get("/apps/nosuch/connect/").status_code == 404


def test_a_next_address_of_another_site_is_dropped(as_manager: Client, hub: AppInstance) -> None:
    AppInstance.objects.filter(pk=hub.pk).update(checked_at=now())
    for bad in ("https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)"):
        assert "evil" not in links_of(as_manager.get(address("checks", hub), {"next": bad}).content.decode())
    assert "/syncs/3/" in links_of(as_manager.get(address("checks", hub), {"next": "/syncs/3/"}).content.decode())


# -- webhooks ---------------------------------------------------------------------------------------------------------
def test_a_webhook_needs_no_sign_in_but_a_signature(client: Client, hub: AppInstance) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/hooks/hubspot/", b"[]", content_type="application/json").status_code == 401
    assert client.get("/hooks/hubspot/").status_code == 405
    assert client.post("/hooks/nosuch/", b"[]", content_type="application/json").status_code == 404


# -- for operators ----------------------------------------------------------------------------------------------------
def test_the_admin_lists_instances_and_changes_nothing(
    client: Client, hub: AppInstance, django_user_model: Any
) -> None:
    client.force_login(
        django_user_model.objects.create_superuser("root", "root@example.com", "x"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    assert "Main portal" in client.get("/admin/integrations/appinstance/").content.decode()
    page = client.get(f"/admin/integrations/appinstance/{hub.pk}/change/").content.decode()
    assert SECRET not in page
    assert 'name="_save"' not in page
    assert client.get("/admin/integrations/credential/").status_code == 404


# -- HTML -------------------------------------------------------------------------------------------------------------
class Outline(HTMLParser):
    """What must hold of any page: headings, ids, labels, names of links and buttons."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.h1 = 0
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.inputs: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.styles = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.h1 += tag == "h1"
        self.styles += tag == "style" or "style" in found or any(name.startswith("on") for name in found)
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "label" and found.get("for"):
            self.labelled.add(str(found["for"]))
        if tag in ("input", "select", "textarea") and found.get("type") not in ("hidden", "submit"):
            self.inputs.append(found)
        if tag == "a":
            self.links.append(str(found.get("href")))


def links_of(page: str) -> str:
    return " ".join(Outline(page).links)


@pytest.mark.parametrize(
    "path",
    [
        "/apps/",
        "/apps/?q=nothing-like-it",
        "/apps/hubspot/connect/",
        "/apps/hubspot/connect/?way=service_key",
        "/apps/snovio/connect/",
        "/apps/oauth/callback/?state=unknown&code=1",
        "/integrations/{pk}/checks/",
        "/integrations/{pk}/manage/",
        "/integrations/{pk}/reconnect/",
        "/integrations/{pk}/disconnect/",
    ],
)
def test_pages_are_sound_html(as_manager: Client, instance: AppInstance, path: str) -> None:
    outline = Outline(as_manager.get(path.format(pk=instance.pk)).content.decode())
    assert outline.h1 == 1
    assert len(outline.ids) == len(set(outline.ids))
    for one in outline.inputs:
        assert one.get("aria-label") or one.get("id") in outline.labelled, one
    assert outline.styles == 0
    assert "None" not in outline.links

"""The shell around every page: middleware, theme, errors, template parts, and the operator's commands."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from portal.accounts.audit import WORDS
from portal.htmx import wants_fragment
from portal.statuses import LOOKS
from portal.templatetags import ui
from tests.conftest import signed_in

SPRITE = Path(site.BASE_DIR / "static" / "icons.svg").read_text()
HTMX = {"HX-Request": "true"}


def drawn(template: str, **context: Any) -> str:
    return Template(template).render(Context(context))


# -- requests -----------------------------------------------------------------------------------------------------------


def test_a_fragment_asked_for_after_the_session_ended_sends_the_page_to_sign_in(client: Client, db: None) -> None:
    headers = {**HTMX, "HX-Current-URL": "http://testserver/account/members/?page=2"}
    answer = client.get(reverse("accounts:audit"), headers=headers)
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Faccount%2Fmembers%2F%3Fpage%3D2"


@pytest.mark.parametrize("address", ["/account/join/a%00b/", "/accounts/login/?next=%00"])
def test_an_address_that_no_database_could_look_up_is_refused(client: Client, db: None, address: str) -> None:
    assert client.get(address).status_code == 400


def test_a_page_asked_for_signed_out_redirects(client: Client, db: None) -> None:
    answer = client.get(reverse("accounts:audit"))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=/account/audit/")


def test_an_account_in_the_session_that_is_not_ones_own_is_ignored(admin: User, other_account: Any) -> None:
    client = signed_in(admin)
    session = client.session
    session["account_id"] = other_account.pk
    session.save()
    answer = client.get(reverse("accounts:members"))
    assert answer.context["account"] == admin.memberships.get().account  # type: ignore[attr-defined]


def test_times_are_in_the_zone_the_browser_told(as_admin: Client, account: Any) -> None:
    at = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    account.audit_events.create(verb="sync.paused", at=at)
    as_admin.cookies["tz"] = "Asia/Tokyo"
    assert "9 p.m." in as_admin.get(reverse("accounts:audit")).content.decode()
    as_admin.cookies["tz"] = "../../etc/passwd"
    assert "noon" in as_admin.get(reverse("accounts:audit")).content.decode()


def test_the_theme_is_written_by_the_server_and_forgotten_on_request(as_admin: Client) -> None:
    page = reverse("accounts:members")
    assert as_admin.post(reverse("theme"), {"theme": "dark", "next": page}).headers["Location"] == page
    assert 'data-bs-theme="dark"' in as_admin.get(page).content.decode()
    as_admin.post(reverse("theme"), {"theme": "system"})
    assert "data-bs-theme" not in as_admin.get(page).content.decode()


def test_the_theme_form_sends_nobody_elsewhere(client: Client, db: None) -> None:
    answer = client.post(reverse("theme"), {"theme": "dark", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


def test_fragments_are_for_htmx_but_not_for_boosted_links_or_history(rf: RequestFactory) -> None:
    from django_htmx.middleware import HtmxMiddleware

    def asked(**headers: str) -> bool:
        request = rf.get("/", headers=headers)
        HtmxMiddleware(lambda r: None)(request)  # type: ignore[arg-type, return-value]
        return wants_fragment(request)

    assert not asked()
    assert asked(**HTMX)
    assert not asked(**HTMX, **{"HX-Boosted": "true"})
    assert not asked(**HTMX, **{"HX-History-Restore-Request": "true"})


@pytest.mark.parametrize("signed_out", [True, False])
def test_a_missing_page_answers_in_the_look_of_the_site(client: Client, as_admin: Client, signed_out: bool) -> None:
    answer = (client if signed_out else as_admin).get("/no/such/page/")
    assert answer.status_code == 404
    assert "This page does not exist" in answer.content.decode()


def test_a_failure_needs_no_request_to_show_its_page(client: Client, db: None) -> None:
    from django.views.defaults import server_error

    answer = server_error(RequestFactory().get("/"))
    assert "Something went wrong on our side" in answer.content.decode()


def test_a_form_without_its_token_is_refused_in_words(db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post(reverse("theme"), {"theme": "dark"})
    assert answer.status_code == 403
    assert "Please send this again" in answer.content.decode()


def test_pages_allow_no_inline_script_or_style(as_admin: Client) -> None:
    answer = as_admin.get(reverse("accounts:members"))
    policy, html = answer.headers["Content-Security-Policy"], answer.content.decode()
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", html)


def test_every_verb_of_the_audit_trail_reads_as_words() -> None:
    written: set[str] = set()
    for package in ("portal", "integrations", "syncjobs"):
        for path in Path(site.BASE_DIR / package).rglob("*.py"):
            for call in re.findall(r"audit\.record\((.*?)\n", path.read_text() + "\n", re.DOTALL):
                written |= set(re.findall(r'"([a-z]+\.[a-z_]+)"', call))
            written |= set(re.findall(r'verb="([a-z]+\.[a-z_]+)"', path.read_text()))
    assert len(written) > 10
    assert sorted(written - set(WORDS)) == []


# -- template parts -----------------------------------------------------------------------------------------------------


def test_every_icon_that_a_template_or_state_names_is_in_the_sprite() -> None:
    names = {look.icon for look in LOOKS.values()} | set(ui.ARROWS.values())
    for path in Path(site.BASE_DIR / "templates").rglob("*.html"):
        text = path.read_text()
        names |= set(re.findall(r'{% icon "([\w-]+)"', text)) | set(re.findall(r'icon_name="([\w-]+)"', text))
        names |= set(re.findall(r'{% nav_link "[\w:]+" "([\w-]+)"', text))
    assert not {name for name in names if f'id="{name}"' not in SPRITE}


def test_a_state_is_icon_word_and_colour() -> None:
    html = drawn("{% status 'failed' %}")
    assert 'data-s="failed"' in html
    assert "#circle-alert" in html
    assert "Failed" in html
    assert "odd state" in drawn("{% status 'odd_state' %}")


def test_numbers_read_as_the_reader_writes_them() -> None:
    assert drawn("{% n 48212 %}") == "48,212"
    with translation.override("de"):
        assert drawn("{% n 48212 %}") == "48.212"
    assert drawn("{% n None %}") == "—"


def test_zero_is_grey_text_and_other_counts_are_links() -> None:
    assert drawn("{% count 'failed' 0 '/x/' %}") == '<span class="n0">0</span>'
    assert 'href="/x/"' in drawn("{% count 'failed' 3 '/x/' %}")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "just now"), (48, "48 s ago"), (190, "3 min ago"), (7900, "2 h ago"), (90000, "1 d ago"), (-120, "in 2 min")],
)
def test_times_are_relative_for_a_week(seconds: int, words: str) -> None:
    moment = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert ui.relative(moment - timedelta(seconds=seconds), moment) == words


def test_the_health_bar_keeps_slivers_visible_and_speaks_its_numbers() -> None:
    html = ui.health_bar({"insync": 1_000_000, "failed": 1, "review": 0})
    assert 'aria-label="1,000,000 in sync, 1 failed"' in html
    assert [float(width) for width in re.findall(r'width="([\d.]+)"', html)][1] > 5
    assert "No records" in ui.health_bar({})


def test_what_people_typed_is_escaped_in_parts() -> None:
    assert "<b>" not in drawn("{% status 'failed' label=label %}{% st 'failed' label=label %}", label="<b>x")


def test_the_kit_shows_every_part_where_debug_is_on(rf: RequestFactory, settings: Any, admin: User) -> None:
    from django_htmx.middleware import HtmxMiddleware

    from portal import views

    for path in ("/_kit/", "/_kit/?page=wizard"):
        request = rf.get(path)
        request.user, request.account, request.membership = admin, None, None  # type: ignore[attr-defined]
        HtmxMiddleware(lambda r: None)(request)  # type: ignore[arg-type, return-value]
        html = views.kit(request).content.decode()
        assert html.count("<h1") == 1
        assert not re.search(r"\sstyle=", html)


# -- operators ----------------------------------------------------------------------------------------------------------


def test_operators_sign_in_where_everybody_does(client: Client, as_admin: Client, admin: User) -> None:
    page = reverse("admin:accounts_auditevent_changelist")
    assert client.get(page, follow=True).redirect_chain[-1][0].startswith(reverse("account_login"))
    assert as_admin.get(page, follow=True).status_code == 403  # a super admin of an account is no operator
    admin.is_staff = admin.is_superuser = True
    admin.save()
    assert as_admin.get(page).status_code == 200


def test_operators_read_tenants_but_neither_tokens_nor_a_way_to_change_the_trail(
    as_admin: Client, admin: User, account: Any
) -> None:
    admin.is_staff = admin.is_superuser = True
    admin.save()
    invitation = account.invitations.create(email="new@example.com")
    event = account.audit_events.create(verb="sync.paused")
    shown = as_admin.get(reverse("admin:accounts_invitation_change", args=[invitation.pk])).content.decode()
    assert "new@example.com" in shown
    assert invitation.token not in shown
    assert as_admin.post(reverse("admin:accounts_auditevent_change", args=[event.pk]), {"verb": "x"}).status_code == 403
    assert as_admin.get(reverse("admin:accounts_account_change", args=[account.pk])).status_code == 200


def test_doctor_is_content_with_this_install(db: None) -> None:
    out = StringIO()
    call_command("doctor", stdout=out)
    lines = out.getvalue().splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", name] for name in ("database", "migrations", "broker", "mail", "keys", "cache")
    ]


def test_doctor_names_what_is_broken_and_looks_at_the_rest(db: None, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 6"):
        call_command("doctor", stdout=out)
    assert "FAILED  mail" in out.getvalue()
    assert "ok      cache" in out.getvalue()


def test_the_cache_works_on_a_fresh_database(db: None) -> None:
    cache.set("a", {"b": 1}, 60)
    assert cache.get("a") == {"b": 1}
    assert cache.add("a", 2) is False

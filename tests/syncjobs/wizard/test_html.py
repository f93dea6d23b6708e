"""Every page of the wizard is sound HTML: one h1, unique ids, labels, names, no inline styles or scripts."""

import re
from html.parser import HTMLParser

import pytest

from syncjobs.models import Direction, Sync
from syncjobs.services import drafts
from tests.syncjobs.wizard.conftest import Bench
from tests.syncjobs.wizard.test_limits import page as limits_page
from tests.syncjobs.wizard.test_limits import rule

STEPS = ["connect", "direction", "limits", "mappings", "review"]
VOID = {"input", "meta", "link", "br", "hr", "img", "use", "path", "rect"}


class Page(HTMLParser):
    """What the checks ask of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings = 0
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.refers: list[str] = []
        self.nameless: list[str] = []
        self.open: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.headings += tag == "h1"
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "label" and found.get("for"):
            self.labelled.add(str(found["for"]))
        if tag in ("input", "select", "textarea") and found.get("type") != "hidden":
            self.controls.append(found)
        for name in ("aria-labelledby", "aria-describedby"):
            self.refers += str(found.get(name) or "").split()
        if found.get("aria-label"):
            for _tag, _attrs, text in self.open:
                text.append(str(found["aria-label"]))
        if tag not in VOID:
            self.open.append((tag, found, []))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        for _tag, _attrs, text in self.open:
            text.append(data)

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            closed, attrs, text = self.open.pop()
            if closed in ("a", "button") and not "".join(text).strip() and not attrs.get("aria-label"):
                self.nameless.append(f"{closed} {attrs}")
            if closed == tag:
                return


def check(text: str) -> None:
    page = Page(text)
    assert page.headings == 1
    assert len(page.ids) == len(set(page.ids)), sorted(x for x in page.ids if page.ids.count(x) > 1)
    assert page.nameless == []
    unlabelled = [c for c in page.controls if c.get("id") not in page.labelled and not c.get("aria-label")]
    assert unlabelled == []
    assert set(page.refers) <= set(page.ids)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("direction", Direction.values)
@pytest.mark.parametrize("step", STEPS)
def test_a_step(bench: Bench, draft: Sync, step: str, direction: str) -> None:
    Sync.objects.filter(pk=draft.pk).update(direction=direction)
    check(bench.get(draft, step))


def test_an_empty_draft(bench: Bench) -> None:
    check(bench.get(drafts.new(account=bench.account, by=bench.user), "connect"))


def test_filters_with_rows_and_errors(bench: Bench, draft: Sync) -> None:
    typed = {
        **rule("app-0-0", "country", "any_of"),
        **rule("app-0-1", "budget", "between", "1", "x"),
        **rule("app-1-0", "joined", "last_days", "x"),
        **rule("hub-0-0", "created", "before", "x"),
        **rule("hub-0-1", "", "", "x"),
    }
    check(limits_page(bench, draft, "next", **typed))
    check(limits_page(bench, draft, "hub:rule:0", **typed))


def test_what_people_typed_is_escaped(bench: Bench, draft: Sync) -> None:
    bench.leads.lists["9"] = "<img src=x onerror=alert(1)>"
    bad = '"><script>alert(1)</script>'
    page = limits_page(bench, draft, "app:group", **rule("app-0-0", "nick", "is", bad))
    bench.post(draft, "limits", do="save", **{"leaving": "keep", "start": "everything", "app-shown": "1",
               "app-lists-shown": "1", "app-all": "1", "app-target": "9", **rule("app-0-0", "nick", "is", bad)})  # fmt: skip
    for text in (page, bench.get(draft, "review"), bench.get(draft, "mappings")):
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_a_change_does_not_repeat_the_button_pressed_before_it(bench: Bench, draft: Sync) -> None:
    """htmx adds the last pressed button to what a form sends: a rule chosen after a switch turned the row off again."""
    form = re.search(r"<form[^>]*id=\"wizard\"[^>]*>", bench.get(draft, "mappings"))
    assert form is not None
    assert 'hx-params="not do"' in form.group()
    assert 'hx-disinherit="hx-params"' in form.group(), "the buttons themselves send it"

"""CardDAV where servers may be odd in ways that Radicale and Xandikos are not: redirects, other hosts, answers in pieces."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.base import Connector
from integrations.connectors.carddav import dav, slots
from integrations.connectors.carddav.vcard import Card
from integrations.models import AppInstance
from integrations.records import Create, Ref, Update
from integrations.services import credentials
from integrations.services.connections import ConnectRefused, connect_with_keys, open_connector
from portal.accounts.models import Account
from tests.integrations.server import Asked, Reply, Server

BOOK = "/dav/books/ann/default/"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{0}\r\nN:Lee;{0};;;\r\nFN:{0} Lee\r\nEND:VCARD\r\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server().running() as server:
        yield server


def connector(url: str) -> Connector:
    instance = AppInstance(app_key="carddav", way_in="keys", base_url=url)
    credentials.draft(instance, {"user": "ann", "password": "secret"})
    return open_connector(instance)


def multistatus(*rows: str, token: str = "") -> Reply:
    said = f"<sync-token>{token}</sync-token>" if token else ""
    body = f'<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav">{"".join(rows)}{said}</multistatus>'
    return Reply(207, body, {"Content-Type": "application/xml"})


def row(href: str, props: str = "", status: str = "") -> str:
    found = f"<propstat><prop>{props}</prop><status>HTTP/1.1 200 OK</status></propstat>" if props else ""
    line = f"<status>HTTP/1.1 {status}</status>" if status else ""
    return f"<response><href>{href}</href>{line}{found}</response>"


def card_row(href: str, uid: str) -> str:
    return row(href, f'<getetag>"{uid}"</getetag><C:address-data>{CARD.format(uid)}</C:address-data>')


PRINCIPAL = "<current-user-principal><href>{0}</href></current-user-principal>"
HOME = "<C:addressbook-home-set><href>{0}</href></C:addressbook-home-set>"
IS_BOOK = "<resourcetype><collection/><C:addressbook/></resourcetype><displayname>Contacts</displayname>"


# -- finding the address books -----------------------------------------------------------------------------------------------
def cloud(asked: Asked) -> Reply:
    """As Nextcloud: a web page at the root, CardDAV below a folder that the well-known address points to."""
    answers = {
        "/": Reply(302, "", {"Location": "/login"}),
        "/login": Reply(200, "<html>Sign in</html>"),
        "/.well-known/carddav": Reply(301, "", {"Location": "/dav/"}),
        "/dav/": multistatus(row("/dav/", PRINCIPAL.format("/dav/principals/ann/"))),
        "/dav/principals/ann/": multistatus(row("/dav/principals/ann/", HOME.format("/dav/books/ann/"))),
        "/dav/books/ann/": multistatus(
            row("/dav/books/ann/", "<resourcetype><collection/></resourcetype>"), row(BOOK, IS_BOOK)
        ),
    }
    return answers.get(asked.path, Reply(404, ""))


@pytest.mark.parametrize("path", ["", "/", "/index.php"])
def test_address_books_are_found_from_the_servers_name(server: Server, path: str) -> None:
    server.answer = cloud
    found = connector(server.url + path).containers("cards")
    assert [(each.id, each.name) for each in found] == [(BOOK, "Contacts")]
    assert all(asked.headers["authorization"].startswith("Basic ") for asked in server.asked)


def test_an_account_that_lives_on_another_host_is_followed_there(server: Server) -> None:
    """As iCloud: addresses of that host are kept whole."""
    with Server().running() as other:
        there = other.url.replace("127.0.0.1", "localhost")
        other.answer = lambda asked: multistatus(row("/42/card/", IS_BOOK)) if asked.method == "PROPFIND" else multistatus(
            card_row("/42/card/a.vcf", "Ann")
        )  # fmt: skip
        server.answer = lambda asked: multistatus(
            row(asked.path, PRINCIPAL.format("/42/") + HOME.format(f"{there}/42/"))
        )
        app = connector(server.url)
        book = app.containers("cards")[0].id
        assert book == f"{there}/42/card/"
        answer = app.read("cards", [Ref(book + "a.vcf")], fields=["first_name"])
        assert answer.records[book + "a.vcf"].values == {"first_name": "Ann"}


def test_a_card_that_a_create_meets_on_another_host_is_named_whole(server: Server) -> None:
    """By its path alone it would be looked for at the first host, be gone, and the record would fail."""
    conflict = (
        '<error xmlns="DAV:"><C:no-uid-conflict xmlns:C="urn:ietf:params:xml:ns:carddav"><href>/42/b/x.vcf</href>'
    )
    with Server().running() as other:
        there = other.url.replace("127.0.0.1", "localhost")
        other.answer = lambda asked: Reply(409, conflict + "</C:no-uid-conflict></error>")
        item, scope = Create({"first_name": "Ann"}, "key"), {"lists": [], "target_list": f"{there}/42/card/"}
        verdict = connector(server.url).create("cards", [item], scope=scope)[0]
    assert isinstance(verdict.error, errors.AlreadyExists)
    assert verdict.error.existing_id == f"{there}/42/b/x.vcf"


def test_the_password_does_not_go_to_an_internal_address(server: Server) -> None:
    server.answer = lambda asked: multistatus(row(asked.path, PRINCIPAL.format("http://10.0.0.1/ann/")))
    with pytest.raises(errors.AddressRefused):
        connector(server.url).identify()


def test_a_web_site_is_not_an_address_book(server: Server) -> None:
    server.answer = lambda asked: Reply(200, "<html>Welcome</html>")
    with pytest.raises(errors.Refused):
        connector(server.url).identify()


def test_someone_whom_the_server_does_not_know_is_not_let_in(server: Server) -> None:
    unknown = "<current-user-principal><unauthenticated/></current-user-principal>"
    server.answer = lambda asked: multistatus(row(asked.path, unknown))
    with pytest.raises(errors.AuthExpired):
        connector(server.url).identify()


@pytest.mark.django_db
def test_the_form_saves_a_login_that_works_and_refuses_one_that_does_not(
    account: Account, admin: Any, server: Server
) -> None:
    from integrations.registry import app

    values = {"base_url": server.url, "user": "ann", "password": "secret"}
    given: dict[str, Any] = {"account": account, "user": admin, "app": app("carddav"), "way_in": "keys", "label": ""}
    server.answer = lambda asked: Reply(401, "", {"WWW-Authenticate": "Basic"})
    with pytest.raises(ConnectRefused, match="does not accept"):
        connect_with_keys(values=values, **given)
    server.answer = cloud
    instance = connect_with_keys(values=values, **given)
    assert instance.remote_account_id.endswith("/dav/principals/ann/")
    assert (instance.is_hub, instance.base_url) == (True, server.url)
    assert [check.state for check in open_connector(instance).preflight(["cards"])] == [
        "passed", "passed", "failed", "passed"
    ], "this server does not say that it tells changes"  # fmt: skip


# -- polls in pieces ---------------------------------------------------------------------------------------------------------
def test_a_list_of_changes_that_the_server_cuts_is_followed_to_its_end(server: Server) -> None:
    """507 in a row of the book itself (RFC 6578, 3.6): the token stands for what was told so far."""
    told = {
        "t0": multistatus(
            row(BOOK + "a.vcf", "<getetag>1</getetag>"), row(BOOK, status="507 Insufficient"), token="t1"
        ),
        "t1": multistatus(
            row(BOOK + "b.vcf", "<getetag>1</getetag>"), row(BOOK + "c.vcf", status="404 Not"), token="t2"
        ),
    }

    def answer(asked: Asked) -> Reply:
        body = asked.body.decode()
        if asked.method == "PROPFIND":
            return multistatus(row(BOOK, PRINCIPAL.format(BOOK) + HOME.format(BOOK) + IS_BOOK))
        if "sync-collection" in body:
            return told[body.partition("<sync-token>")[2].partition("<")[0]]
        return multistatus(*(card_row(BOOK + name, name[0]) for name in ("a.vcf", "b.vcf") if name in body))

    server.answer = answer
    app, position = connector(server.url), None
    shown: list[str] = []
    gone: list[str] = []
    for _page in range(2):
        page = app.changes(
            "cards", fields=["first_name"], cursor={"books": {BOOK: "t0"}, "homes": []}, position=position,
            scope={"lists": [BOOK]},
        )  # fmt: skip
        shown += [str(record.values["first_name"]) for record in page.records]
        gone += page.gone
        position = page.position
    assert (shown, gone) == (["a", "b"], [BOOK + "c.vcf"])
    assert page.cursor
    assert page.cursor["books"] == {BOOK: "t2"}
    listed = app.changed(  # type: ignore[attr-defined]
        "cards", cursor={"books": {BOOK: "t0"}, "homes": []}, scope={"lists": [BOOK]}
    )
    assert listed.keys() == {BOOK + "a.vcf", BOOK + "b.vcf"}


def test_a_change_in_the_second_of_a_token_is_in_the_next_poll(server: Server) -> None:
    """As SOGo: the token is the second of the last change, and only what changed after it is told."""
    second = int(time.time())
    changed = {"old": second - 3600, "ann": second}

    def answer(asked: Asked) -> Reply:
        if b"sync-collection" in asked.body:
            since = int(asked.body.partition(b"<sync-token>")[2].partition(b"<")[0])
            told = [row(f"{BOOK}{name}.vcf", "<getetag>1</getetag>") for name, at in changed.items() if at > since]
            return multistatus(*told, token=str(max(since, second - 1)))
        if b"sync-token" in asked.body:
            return multistatus(row(BOOK, f"<sync-token>{max(changed.values())}</sync-token>"))
        return multistatus(*(card_row(f"{BOOK}{name}.vcf", name) for name in changed))

    server.answer = answer
    app, scope = connector(server.url), {"lists": [BOOK]}
    cursor = app.changes("cards", fields=[], cursor=None, position=None, scope=scope).cursor
    changed["bob"] = second
    page = app.changes("cards", fields=[], cursor=cursor, position=None, scope=scope)
    assert f"{BOOK}bob.vcf" in {record.id for record in page.records}
    changed.update(ann=second - 3599, bob=second - 3599)
    cursor = app.changes("cards", fields=[], cursor=None, position=None, scope=scope).cursor
    assert cursor == {"books": {BOOK: str(second - 3599)}, "homes": []}, "that second is over"


def test_a_card_on_which_the_answer_is_silent_is_asked_for_alone(server: Server) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.method == "GET":
            found = asked.path.endswith("b.vcf")
            return Reply(200, CARD.format("Bob"), {"ETag": '"b"'}) if found else Reply(404, "")
        return multistatus(card_row(BOOK + "a.vcf", "Ann"))

    server.answer = answer
    refs = [Ref(BOOK + name) for name in ("a.vcf", "b.vcf", "c.vcf")]
    answered = connector(server.url).read("cards", refs, fields=["first_name"])
    assert {id: record.values["first_name"] for id, record in answered.records.items()} == {
        BOOK + "a.vcf": "Ann", BOOK + "b.vcf": "Bob"
    }  # fmt: skip
    assert answered.gone == {BOOK + "c.vcf"}


def test_one_address_said_in_two_ways_is_one_card(server: Server) -> None:
    server.answer = lambda asked: multistatus(card_row("http://inside:8080/dav/ann%40example.com/%7Ex.vcf", "Ann"))
    asked_for = "/dav/ann@example.com/~x.vcf"
    assert set(connector(server.url).read("cards", [Ref(asked_for)], fields=["first_name"]).records) == {asked_for}


def test_an_answer_with_a_document_type_is_not_read(server: Server) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "boom">]><multistatus xmlns="DAV:">&b;</multistatus>'
    server.answer = lambda asked: Reply(207, bomb)
    with pytest.raises(dav.NotDav):
        connector(server.url).scan("cards", fields=[], position=None, scope={"lists": [BOOK]})


@pytest.mark.parametrize("name", ["caf%E9.vcf", "caf%C3%A9.vcf", "a%2Fb%3Fc%23d%25e.vcf"])
def test_a_name_comes_back_as_the_server_wrote_it(server: Server, name: str) -> None:
    """Not every name is UTF-8, and a card that is asked for by another name is gone."""

    def answer(asked: Asked) -> Reply:
        if asked.method == "PROPFIND":
            return multistatus(row(BOOK, IS_BOOK), row(BOOK + name, "<getetag>1</getetag>"))
        return multistatus(card_row(BOOK + name, "Ann") if name in asked.body.decode() else "")

    server.answer = answer
    page = connector(server.url).scan("cards", fields=["first_name"], position=None, scope={"lists": [BOOK]})
    assert [record.id for record in page.records] == [BOOK + name]


def test_a_list_of_cards_that_the_server_cuts_is_no_list(server: Server) -> None:
    listed = multistatus(row(BOOK + "a.vcf", "<getetag>1</getetag>"), row(BOOK, status="507 Cut"))
    server.answer = lambda asked: listed if asked.method == "PROPFIND" else multistatus(card_row(BOOK + "a.vcf", "Ann"))
    with pytest.raises(errors.Unavailable):
        connector(server.url).scan("cards", fields=[], position=None, scope={"lists": [BOOK]})


def test_a_card_that_the_server_cannot_tell_of_is_not_left_out_of_a_poll(server: Server) -> None:
    def answer(asked: Asked) -> Reply:
        if "sync-collection" in asked.body.decode():
            return multistatus(row(BOOK + "a.vcf", status="500 Oops"), token="t1")
        return multistatus(card_row(BOOK + "a.vcf", "Ann"))

    server.answer = answer
    cursor = {"books": {BOOK: "t0"}, "homes": []}
    page = connector(server.url).changes(
        "cards", fields=["first_name"], cursor=cursor, position=None, scope={"lists": [BOOK]}
    )
    assert [record.values for record in page.records] == [{"first_name": "Ann"}]


def card_at(etag: str) -> Callable[[Asked], Reply]:
    said = f"<getetag>{etag}</getetag>" if etag else ""
    data = f"<C:address-data>{CARD.format('Ann')}</C:address-data>"
    return lambda asked: Reply(204, "") if asked.method == "PUT" else multistatus(row(BOOK + "a.vcf", said + data))


def test_a_card_of_which_no_version_is_known_is_not_written(server: Server) -> None:
    server.answer = card_at("")
    verdict = connector(server.url).update("cards", [Update(BOOK + "a.vcf", {"job_title": "CEO"})])[0]
    assert isinstance(verdict.error, errors.Refused)
    assert not [asked for asked in server.asked if asked.method == "PUT"]


def test_a_long_version_is_a_condition_all_the_same(server: Server) -> None:
    app, ref = connector(server.url), Ref(BOOK + "a.vcf")
    server.answer = card_at('W/"' + "1" * 200 + '"')
    version = app.read("cards", [ref], fields=[]).records[ref.id].version
    assert version
    item = Update(ref.id, {"job_title": "CEO"}, version=version)
    server.answer = card_at('"' + "1" * 200 + '"')
    assert app.update("cards", [item])[0].error is None
    server.answer = card_at('"' + "1" * 199 + '2"')
    assert isinstance(app.update("cards", [item])[0].error, errors.StaleVersion)
    [verdict] = app.delete("cards", [ref.id], versions={ref.id: version})
    assert isinstance(verdict.error, errors.StaleVersion)
    assert not [asked for asked in server.asked if asked.method == "DELETE"]
    server.answer = card_at('"' + "1" * 200 + '"')
    app.delete("cards", [ref.id], versions={ref.id: version})
    assert server.asked[-1].headers["if-match"] == '"' + "1" * 200 + '"'


def test_an_edit_after_a_write_whose_version_the_server_does_not_say_is_not_taken_for_ours(server: Server) -> None:
    """A person saves the card between our write and the read of what the batch has become."""
    held = {"etag": "1", "text": CARD.format("Ann")}

    def answer(asked: Asked) -> Reply:
        if asked.method == "PUT":
            held.update(etag="2", text=asked.body.decode())
            return Reply(204, "")
        if asked.method == "REPORT" and held["etag"] == "2":
            held.update(etag="3", text=held["text"].replace("TITLE:CEO", "TITLE:Boss"))
        return multistatus(
            row(BOOK + "a.vcf", "<getetag>{etag}</getetag><C:address-data>{text}</C:address-data>".format(**held))
        )

    server.answer = answer
    verdict = connector(server.url).update("cards", [Update(BOOK + "a.vcf", {"job_title": "CEO"})])[0]
    assert verdict.record
    assert (verdict.record.values, verdict.record.version) == ({"job_title": "CEO"}, "2")


# -- cards of all ages -------------------------------------------------------------------------------------------------------
def lines(*more: str) -> Card:
    return Card.parse("\r\n".join(["BEGIN:VCARD", *more, "END:VCARD", ""]))


def test_a_card_of_version_2_is_understood() -> None:
    card = lines(
        "VERSION:2.1", "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;", "TEL;CELL;VOICE:0171",
        "TEL;WORK;FAX:030", "NOTE;QUOTED-PRINTABLE:one=0D=0Atwo is a very long line that goes on and=\r\n on",
    )  # fmt: skip
    found = slots.read(card, ["first_name", "last_name", "mobile", "phone", "note"])
    assert (found["first_name"], found["last_name"], found["mobile"], found["phone"]) == (
        "Jörg",
        "Müller",
        "0171",
        None,
    )
    assert str(found["note"]).startswith("one\ntwo is")
    slots.write(card, {"first_name": "Jürgen"})
    assert "N:Müller;Jürgen;;;" in card.text()


def test_clearing_a_value_takes_its_line_and_label_and_nothing_else() -> None:
    card = lines(
        "item1.EMAIL:a@example.com", "item1.X-ABLabel:Work", "item2.EMAIL:b@example.com", "item2.X-ABLabel:Home"
    )
    slots.write(card, {"email": None})
    assert slots.read(card, ["email"]) == {"email": "b@example.com"}
    assert [line.text for line in card.lines[1:-1]] == ["item2.EMAIL:b@example.com", "item2.X-ABLabel:Home"]


def test_a_chosen_display_name_is_left_alone_and_a_made_one_follows() -> None:
    chosen = lines("N:Lee;Ann;;;", "FN:The Boss")
    slots.write(chosen, {"last_name": "Ray"})
    assert chosen.value("FN") == "The Boss"
    made = lines("N:Lee;Ann;Maria;Dr.;", "FN:Dr. Ann Maria Lee")
    slots.write(made, {"last_name": "Ray"})
    assert made.value("FN") == "Dr. Ann Maria Ray"


def test_garbage_and_folded_lines_of_spaces_come_back_as_they_were() -> None:
    text = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nthis is no line\r\nNOTE:one\r\n  \r\n  two\r\nX-LIST:a,b\\,c;d\r\nEND:VCARD\r\n"
    )
    card = Card.parse(text)
    assert slots.read(card, ["note"]) == {"note": "one  two"}
    slots.write(card, {"job_title": "CEO"})
    assert "this is no line\r\n" in card.text()
    assert "X-LIST:a,b\\,c;d\r\n" in card.text()
    assert "TITLE:CEO\r\nEND:VCARD" in card.text()


def test_lines_that_are_not_written_to_keep_their_folds() -> None:
    """Of vCard 2.1, too, whose quoted-printable lines are broken in a way of their own; words are not taken for it."""
    untouched = [
        "PHOTO;ENCODING=b;TYPE=JPEG:QUJD", " REVG", "  two spaces", "\ttab",
        "NOTE:they still use quoted-printable = evil=", "X-NEXT:not a part of the note",
        "LABEL;ENCODING=QUOTED-PRINTABLE:" + "=C3=BC" * 20 + "=", "=20next line=", " with a space",
        "X_UNDER_SCORE;x=\"a;b\",c:d",
    ]  # fmt: skip
    card = lines("VERSION:3.0", *untouched, "TITLE:CEO")
    assert slots.read(card, ["note"]) == {"note": "they still use quoted-printable = evil="}
    slots.write(card, {"job_title": "CTO"})
    assert card.text().split("\r\n")[2:-3] == untouched
    assert "TITLE:CTO" in card.text()


def test_a_written_value_does_not_keep_the_clothes_of_the_old_one() -> None:
    card = lines("VERSION:2.1", "NOTE;QUOTED-PRINTABLE:a=3Db", "TITLE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=FC")
    slots.write(card, {"note": "1=3D"})
    assert slots.read(card, ["note", "job_title"]) == {"note": "1=3D"}
    with pytest.raises(errors.Refused):
        slots.write(card, {"job_title": "CEO"})

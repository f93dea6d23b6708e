"""What CardDAV servers do differently, and what must survive a write. Each at Radicale and at Xandikos."""

import uuid
from typing import Any

import pytest

from integrations import errors
from integrations.connectors.base import Connector
from integrations.records import Create, Page, Ref, Update, Verdict
from integrations.standins.realservers.proxy import Proxy
from tests.realservers import accounts
from tests.realservers.accounts import card
from tests.realservers.servers import Book, CardServer

NAMES = ["email", "first_name", "last_name", "full_name", "phone", "mobile", "note", "company_name", "birthday"]


def scope(book: Book) -> dict[str, Any]:
    return {"lists": [book.path], "target_list": book.path}


def poll(connector: Connector, book: Book, cursor: Any) -> Page:
    """A poll of one page."""
    return connector.changes("cards", fields=NAMES, cursor=cursor, position=None, scope=scope(book))


def read(connector: Connector, path: str) -> Any:
    return connector.read("cards", [Ref(path)], fields=NAMES).records[path]


def update(connector: Connector, path: str, values: dict[str, Any], version: str = "") -> Verdict:
    return connector.update("cards", [Update(path, values, version=version)])[0]


def create(connector: Connector, book: Book, *people: dict[str, Any]) -> list[Verdict]:
    items = [Create(values, key=str(uuid.uuid4())) for values in people]
    return connector.create("cards", items, scope=scope(book))


# -- polls --------------------------------------------------------------------------------------------------------------------
def test_a_quiet_poll_is_one_request(connector: Connector, book: Book, proxy: Proxy) -> None:
    book.put(card("a", {"first_name": "Ann"}))
    cursor = poll(connector, book, None).cursor
    proxy.asked.clear()
    page = poll(connector, book, cursor)
    assert (page.records, page.gone) == ([], [])
    assert [method for method, _path in proxy.asked] == ["REPORT"]


def test_what_changed_and_what_is_in_other_books_is_listed_at_once_and_unread(
    connector: Connector, server: CardServer, book: Book, proxy: Proxy
) -> None:
    """Before a create only these are looked at."""
    known, edited, gone = (book.put(card(name, {"first_name": name})) for name in ("known", "edited", "gone"))
    cursor = poll(connector, book, None).cursor
    with server.new_book("Others") as others:
        there = others.put(card("there", {"first_name": "There"}))
        book.put(card("edited", {"first_name": "Else"}), edited)
        book.delete(gone)
        new = book.put(card("new", {"first_name": "New"}), f"{book.path}n%C3%A9w%20one@home.vcf")
        proxy.asked.clear()
        followed = {"lists": [book.path], "target_list": others.path}
        listed = connector.changed("cards", cursor=cursor, scope=followed)  # type: ignore[attr-defined]
        assert {edited, new, there} <= listed.keys()
        assert not {known, gone} & listed.keys()
        assert not [asked for asked in proxy.asked if asked[0] == "GET" or asked == ("REPORT", others.path)]
        refs = [Ref(path) for path in (edited, new, there)]
        assert set(connector.read("cards", refs, fields=NAMES).records) == {edited, new, there}


def test_the_book_that_new_cards_go_to_is_listed_with_its_versions(
    connector: Connector, book: Book, proxy: Proxy
) -> None:
    """Its changes are not asked for: each time Radicale would keep a file of the whole book."""
    known = book.put(card("known", {"first_name": "Ann"}))
    cursor = poll(connector, book, None).cursor
    new = book.put(card("new", {"first_name": "New"}))
    proxy.asked.clear()
    listed = connector.changed("cards", cursor=cursor, scope=scope(book))  # type: ignore[attr-defined]
    assert ("REPORT", book.path) not in proxy.asked
    assert {path: listed[path] for path in (known, new)} == {
        path: read(connector, path).version for path in (known, new)
    }


def test_a_token_that_the_server_has_forgotten_is_an_expired_cursor(connector: Connector, book: Book) -> None:
    cursor = poll(connector, book, None).cursor
    token = cursor["books"][book.path]
    forgotten = {**cursor, "books": {book.path: token[:-4] + ("0000" if token[-4:] != "0000" else "1111")}}
    with pytest.raises(errors.CursorExpired):
        poll(connector, book, forgotten)
    with pytest.raises(errors.CursorExpired):
        connector.changed("cards", cursor=forgotten, scope={"lists": [book.path]})  # type: ignore[attr-defined]


def test_deletions_are_told_by_path_together_with_edits(connector: Connector, book: Book) -> None:
    kept, edited, gone = (book.put(card(name, {"first_name": name})) for name in ("kept", "edited", "gone"))
    cursor = poll(connector, book, None).cursor
    book.put(card("edited", {"first_name": "Else"}), edited)
    book.delete(gone)
    page = poll(connector, book, cursor)
    assert page.gone == [gone]
    assert [record.id for record in page.records] == [edited]
    assert kept not in page.gone


def test_a_second_worker_goes_on_where_the_first_stopped(connector: Connector, book: Book, proxy: Proxy) -> None:
    """Nothing of the first worker's memory is left; meanwhile cards before and behind its place change."""
    cursor = poll(connector, book, None).cursor
    paths = sorted(book.put_many([card(f"n{n}", {"first_name": "New"}) for n in range(150)]))
    first = poll(connector, book, cursor)
    assert first.position
    assert not first.cursor
    for path in (paths[0], paths[-1]):
        book.put(book.get(path).replace("New", "Again"), path)
    other = accounts.connector(proxy.url)
    shown = {record.id: record.values["first_name"] for record in first.records}
    position: Any = first.position
    while position:
        page = other.changes("cards", fields=NAMES, cursor=cursor, position=position, scope=scope(book))
        shown |= {record.id: record.values["first_name"] for record in page.records}
        position = page.position
    assert page.cursor
    shown |= {record.id: record.values["first_name"] for record in poll(other, book, page.cursor).records}
    assert set(shown) == set(paths)
    assert (shown[paths[0]], shown[paths[-1]]) == ("Again", "Again")


def test_all_books_are_followed_and_a_new_one_is_noticed(connector: Connector, server: CardServer, book: Book) -> None:
    def all_books(cursor: Any) -> Page:
        return connector.changes("cards", fields=NAMES, cursor=cursor, position=None, scope={})

    cursor = all_books(None).cursor
    path = book.put(card("a", {"first_name": "Ann"}))
    page = all_books(cursor)
    assert [record.id for record in page.records] == [path]
    with server.new_book(), pytest.raises(errors.CursorExpired):
        all_books(page.cursor)


def test_a_book_that_is_gone_stops_the_sync_instead_of_deleting_everybody(
    connector: Connector, server: CardServer
) -> None:
    with server.new_book() as book:
        book.put(card("a", {"first_name": "Ann"}))
        cursor = poll(connector, book, None).cursor
    with pytest.raises(errors.ContainerMissing):
        poll(connector, book, cursor)
    with pytest.raises(errors.ContainerMissing):
        connector.scan("cards", fields=NAMES, position=None, scope=scope(book))


def test_a_list_of_people_is_nobodys_contact(connector: Connector, book: Book) -> None:
    book.put(card("g", {"first_name": "Friends"}, "X-ADDRESSBOOKSERVER-KIND:group"))
    person = book.put(card("p", {"first_name": "Ann"}))
    page = connector.scan("cards", fields=NAMES, position=None, scope=scope(book))
    assert [record.id for record in page.records] == [person]


def test_a_card_whose_path_is_too_long_to_be_kept_is_shown_as_unfit(connector: Connector, book: Book) -> None:
    """Left out, it would not sync and nobody would be told."""
    book.put(card("long", {"first_name": "Ann"}), path=f"{book.path}{'a' * 200}.vcf")
    cursor = poll(connector, book, None).cursor
    (record,) = connector.scan("cards", fields=NAMES, position=None, scope=scope(book)).records
    assert record.unfit
    assert record.values["first_name"] == "Ann"
    assert poll(connector, book, cursor).cursor


# -- writes -------------------------------------------------------------------------------------------------------------------
def test_an_update_of_a_version_that_moved_is_stale_and_changes_nothing(connector: Connector, book: Book) -> None:
    path = book.put(card("a", {"first_name": "Ann"}))
    version = read(connector, path).version
    book.put(card("a", {"first_name": "Anna"}), path)
    verdict = update(connector, path, {"first_name": "Hanna"}, version)
    assert isinstance(verdict.error, errors.StaleVersion)
    assert read(connector, path).values["first_name"] == "Anna"
    fresh = update(connector, path, {"first_name": "Hanna"}, read(connector, path).version)
    assert fresh.record
    assert fresh.record.version == read(connector, path).version


def test_an_edit_between_our_read_and_our_write_is_refused_by_the_server(
    connector: Connector, book: Book, proxy: Proxy
) -> None:
    path = book.put(card("a", {"first_name": "Ann", "last_name": "Lee"}))
    version = read(connector, path).version

    def edit_first(asked: tuple[str, str]) -> None:
        if asked[0] == "PUT":
            proxy.before = lambda asked: None
            book.put(card("a", {"first_name": "Ann", "last_name": "Ray"}), path)

    proxy.before = edit_first
    assert isinstance(update(connector, path, {"first_name": "Hanna"}, version).error, errors.StaleVersion)
    proxy.before = edit_first
    assert update(connector, path, {"first_name": "Hanna"}).record, "without a condition it goes on top of the edit"
    values = read(connector, path).values
    assert (values["first_name"], values["last_name"]) == ("Hanna", "Ray")


def test_an_edit_right_after_our_write_is_not_taken_for_ours(connector: Connector, book: Book, proxy: Proxy) -> None:
    path = book.put(card("a", {"first_name": "Ann"}))
    reports = 0

    def edit_before_read_back(asked: tuple[str, str]) -> None:
        nonlocal reports
        reports += asked[0] == "REPORT"
        if reports == 2:
            reports += 1
            book.put(card("a", {"first_name": "Person"}), path)

    proxy.before = edit_before_read_back
    verdict = update(connector, path, {"first_name": "Hanna"})
    assert verdict.record
    assert verdict.record.values == {"first_name": "Hanna"}
    assert verdict.record.version != read(connector, path).version


def test_the_same_create_sent_twice_makes_one_card_and_says_so(connector: Connector, book: Book, proxy: Proxy) -> None:
    item = Create({"first_name": "Ann", "email": "ann@example.com"}, key=str(uuid.uuid4()))
    proxy.lose = "PUT"
    lost = connector.create("cards", [item], scope=scope(book))[0]
    assert isinstance(lost.error, errors.NoAnswer)
    again = connector.create("cards", [item], scope=scope(book))[0]
    assert again.existed
    assert {again.record.id} == book.paths()
    book.put(card(item.key, {"first_name": "Anna"}), again.record.id)
    edited = connector.create("cards", [item], scope=scope(book))[0]
    assert isinstance(edited.error, errors.AlreadyExists), "a person was there since: to be merged, not adopted"
    assert edited.error.existing_id == again.record.id


def test_a_create_shows_the_card_as_the_server_has_it(connector: Connector, book: Book) -> None:
    verdict = create(connector, book, {"first_name": "Ann", "company_name": "A, B; C"})[0]
    held = read(connector, verdict.record.id)
    assert verdict.record.version == held.version
    assert verdict.record.modified_at
    assert held.values["full_name"] == "Ann"
    assert verdict.record.values == {"first_name": "Ann", "company_name": "A, B; C"}


@pytest.mark.parametrize("status", [429, 401])
def test_what_was_written_before_an_error_is_not_forgotten(
    connector: Connector, book: Book, proxy: Proxy, status: int
) -> None:
    """The rest is to be tried again; what is wrong with the account shows when that meets it first."""
    puts = 0

    def refuse_the_third(asked: tuple[str, str]) -> None:
        nonlocal puts
        puts += asked[0] == "PUT"
        if puts == 2:
            proxy.answer_with, proxy.times = status, None

    proxy.before = refuse_the_third
    verdicts = create(connector, book, *({"first_name": name} for name in ("Ann", "Bob", "Cid", "Dan")))
    assert [type(verdict.error) for verdict in verdicts] == [
        type(None), type(None), errors.RateLimited, errors.RateLimited
    ]  # fmt: skip
    assert {verdict.record.id for verdict in verdicts[:2]} == book.paths()


def test_a_delete_of_what_is_gone_succeeds(connector: Connector, book: Book) -> None:
    path, gone = book.put(card("a", {"first_name": "Ann"})), book.path + "never-was.vcf"
    assert [verdict.error for verdict in connector.delete("cards", [path, gone])] == [None, None]
    assert book.paths() == set()


@pytest.mark.parametrize(
    ("field", "value"), [("company_name", "A, B & Söhne"), ("last_name", "Lee"), ("mobile", "0171 <1>")]
)
def test_a_find_by_any_field_takes_exact_values_only(connector: Connector, book: Book, field: str, value: str) -> None:
    wanted, other = create(
        connector, book, {"first_name": "X", field: value}, {"first_name": "Lee", field: value + "x"}
    )
    found = connector.find("cards", field, [value, "nobody \x07"], fields=["first_name"])
    assert [record.id for record in found] == [wanted.record.id]
    assert other.record


def test_a_card_is_found_by_each_of_its_addresses(connector: Connector, book: Book) -> None:
    two = card("two", {"email": "home@example.com"}, "EMAIL;TYPE=INTERNET,PREF:work@example.com")
    path = book.put(two)
    for address in ("WORK@example.com", "Home@example.com"):
        (found,) = connector.find("cards", "email", [address], fields=["email"])
        assert (found.id, found.values["email"], found.also) == (path, "work@example.com", ("home@example.com",))


def test_an_address_that_the_card_has_already_changes_places_with_the_preferred_one(
    connector: Connector, book: Book
) -> None:
    """Written over it, the preferred one would be gone, and the other there twice."""
    two = card("two", {}, "item1.EMAIL;TYPE=PREF:work@example.com", "item1.X-ABLabel:Office", "EMAIL:Home@example.com")
    path = book.put(two)
    verdict = update(connector, path, {"email": "home@example.com"})
    assert verdict.record
    assert (verdict.record.values["email"], verdict.record.also) == ("home@example.com", ("work@example.com",))
    assert (book.get(path).count("home@example.com"), book.get(path).count("work@example.com")) == (1, 1)


# -- cards --------------------------------------------------------------------------------------------------------------------
STRANGE = (
    "EMAIL;TYPE=WORK:second@example.com",
    "item1.TEL;TYPE=HOME:+1 555 0100",
    "item1.X-ABLabel:_$!<Home>!$_",
    "X-SPOUSE;X-PARAM=\"a;b\":Kim",
    "ORG:ACME;Sales",
    "PHOTO;ENCODING=b;TYPE=JPEG:" + "QUJDRA" * 60,
    "IMPP;X-SERVICE-TYPE=Jabber:xmpp:a@example.com",
)  # fmt: skip


def test_what_is_not_mapped_survives_an_update(connector: Connector, book: Book) -> None:
    values = {"first_name": "Ann", "last_name": "Lee", "email": "ann@example.com"}
    text = card("strange", values, *STRANGE).replace("EMAIL;TYPE=INTERNET:", "EMAIL;TYPE=INTERNET,PREF:")
    path = book.put(text)
    before = set(_logical_lines(book.get(path)))
    new = {"first_name": "Anna", "email": "anna@example.com", "company_name": "Other", "mobile": "0171"}
    assert update(connector, path, new).error is None
    after = set(_logical_lines(book.get(path)))
    lost = {line.partition(":")[0].partition(";")[0] for line in before - after}
    assert lost <= {"N", "FN", "EMAIL", "ORG", "REV"}, "only the lines of what was written"
    held = read(connector, path).values
    assert {name: held[name] for name in new} == new
    assert (held["phone"], held["full_name"]) == ("+1 555 0100", "Anna Lee")
    assert any(line.startswith("ORG") and line.endswith("Other;Sales") for line in after)
    assert any(line.startswith("EMAIL") and line.endswith(":second@example.com") for line in after)


def test_long_lines_are_folded_between_characters(connector: Connector, book: Book) -> None:
    """75 octets a line, and no character torn apart."""
    note = "漢字かな交じり文 " * 40 + "👩‍👩‍👧 \\ ; , : \" ' & < >\n" + " leading spaces   kept inside"
    path = create(connector, book, {"first_name": "Zoë", "note": note})[0].record.id
    assert read(connector, path).values["note"] == note
    assert update(connector, path, {"first_name": "Zoé"}).error is None
    assert read(connector, path).values["note"] == note


def put_bytes(book: Book, name: str, data: bytes) -> str:
    """As a migration or an old client leaves a card behind: the servers themselves would not take all of these."""
    (book.files / name).write_bytes(data)
    book.server.imported(book.files, [name])
    return book.path + name


def test_bytes_that_are_not_utf8_hide_nobody_and_survive_an_update(connector: Connector, server: CardServer) -> None:
    """Latin-1 in a card. Xandikos fails when such a card is among those that are asked for; Radicale does not show it at all."""
    with server.new_book() as book:
        whole = book.put(card("whole", {"first_name": "Ann"}))
        text = card("damaged", {"first_name": "Jo", "last_name": "M?ller", "email": "jo@example.com"}, "NOTE:caf?")
        path = put_bytes(book, "damaged.vcf", text.encode().replace(b"?", b"\xfc"))
        page = connector.scan("cards", fields=NAMES, position=None, scope=scope(book))
        found = {record.id: record.values for record in page.records}
        assert found[whole]["first_name"] == "Ann"
        if path not in found:
            return
        assert (found[path]["first_name"], found[path]["email"]) == ("Jo", "jo@example.com")
        assert not {"last_name", "full_name", "note"} & found[path].keys(), "unknown, not blank"
        refused = update(connector, path, {"last_name": "Müller"})
        assert isinstance(refused.error, errors.Refused)
        assert (refused.error.code, refused.error.field) == ("ENCODING_INVALID", "last_name")
        update(connector, path, {"mobile": "0171"})  # Xandikos stores it, and then stumbles over it
        held = (book.files / "damaged.vcf").read_bytes() if (book.files / "damaged.vcf").exists() else b""
        assert b"N:M\xfcller;Jo;;;" in held
        assert b"NOTE:caf\xfc" in held
        assert b"0171" in held


def test_control_characters_in_a_card_survive_an_update(connector: Connector, book: Book) -> None:
    """XML cannot carry them, and the server passes the card on in XML."""
    text = card("bell", {"first_name": "a\x07b", "last_name": "Lee"}, "NOTE:form\x0cfeed \u2028 line \x85 next")
    path = put_bytes(book, "bell.vcf", text.encode())
    before = book.get(path)
    assert read(connector, path).values["first_name"] == "ab"
    assert update(connector, path, {"mobile": "0171"}).error is None
    after = book.get(path)
    for line in ("N:", "NOTE:"):
        assert _line(after, line) == _line(before, line)
    assert update(connector, path, {"first_name": "Abby"}).error is None
    assert "N:Lee;Abby;;;" in book.get(path)


def _line(text: str, start: str) -> str:
    return next(line for line in text.split("\r\n") if line.startswith(start))


def test_a_card_of_version_4_stays_one(connector: Connector, book: Book) -> None:
    lines = (
        "VERSION:4.0", "UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1", "FN:Ann Lee", "N:Lee;Ann;;;",
        "EMAIL;PREF=2:second@example.com", "EMAIL;PREF=1:first@example.com",
        "TEL;VALUE=uri;TYPE=\"voice,cell\":tel:+1-555-555-5555", "BDAY:--0415", "ANNIVERSARY:20090808T1430-0500",
    )  # fmt: skip
    path = book.put("\r\n".join(["BEGIN:VCARD", *lines, "END:VCARD", ""]))
    held = read(connector, path).values
    assert (held["email"], held["mobile"], held["phone"]) == ("first@example.com", "+1-555-555-5555", None)
    assert "birthday" not in held, "a birthday without a year is unknown, not blank"
    new = {"mobile": "+44 20 7946 0018", "birthday": "1990-04-15", "last_name": "Ray"}
    assert update(connector, path, new).error is None
    after = read(connector, path).values
    assert {name: after[name] for name in new} == new
    text = book.get(path)
    assert "VERSION:4.0" in text
    assert "BDAY:19900415" in text
    assert "second@example.com" in text
    assert "ANNIVERSARY:20090808T1430-0500" in text
    assert "FN:Ann Ray" in text


def _logical_lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\n ", "").strip().split("\n")

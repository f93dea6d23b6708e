"""The shared session, against a real server that behaves badly."""

import contextlib
import logging
from threading import Event
from typing import Any

import pytest

from integrations import errors
from integrations.budget import Budget, Limit
from integrations.http import SIDE_BY_SIDE, Answer, ApiSession, Bearer
from integrations.models import AppInstance, RateBucket
from portal.accounts.models import Account
from tests.factories import instance_of
from tests.integrations.server import Reply, Server
from tests.processes import free_port

OK = Reply(200, {"fine": True})
TROUBLE = Reply(503, "<html>bad gateway</html>")


class Renewing:
    """An Auth with a new token at every renewal."""

    def __init__(self) -> None:
        self.number = 1

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer token-{self.number}"}

    def renew(self) -> bool:
        self.number += 1
        return True


def test_a_call_carries_its_parameters_body_and_credential(server: Server) -> None:
    session = ApiSession(server.url + "/", auth=Bearer("s3cret"))
    server.replies(OK)
    assert session.get("/things", params={"limit": 2, "name": ["a", "b"]}).data == {"fine": True}
    session.post("/things", json={"x": 1})
    session.post("/token", form={"grant_type": "x"})
    got, posted, form = server.asked
    assert (got.method, got.path) == ("GET", "/things?limit=2&name=a&name=b")
    assert got.headers["authorization"] == "Bearer s3cret"
    assert posted.body == b'{"x":1}'
    assert form.body == b"grant_type=x"
    assert session.calls == 3


def test_a_read_that_was_sent_ahead_is_not_sent_again(server: Server) -> None:
    session = ApiSession(server.url)
    server.replies(Reply(200, {"page": 2}), Reply(200, {"page": 3}))
    session.ahead("/things", params={"after": "2"})
    assert session.get("/things", params={"after": "2"}).data == {"page": 2}
    assert session.get("/things", params={"after": "3"}).data == {"page": 3}
    assert [asked.path for asked in server.asked] == ["/things?after=2", "/things?after=3"]
    assert session.calls == 2


def test_another_call_drops_what_was_sent_ahead(server: Server) -> None:
    session = ApiSession(server.url)
    server.replies(Reply(200, {"page": 2}), OK, Reply(200, {"page": 2}))
    session.ahead("/things", params={"after": "2"})
    assert session.post("/things", json={"x": 1}).data == {"fine": True}
    assert session.get("/things", params={"after": "2"}).data == {"page": 2}
    assert session.calls == len(server.asked) == 3


def test_a_read_that_was_sent_ahead_in_vain_is_repeated_like_any_other(server: Server) -> None:
    session = ApiSession(server.url)
    server.replies(TROUBLE, OK)
    session.ahead("/things", params={})
    assert session.get("/things", params={}).data == {"fine": True}
    assert len(server.asked) == 2


def test_nothing_is_sent_ahead_where_the_budget_has_no_place(server: Server, account: Account) -> None:
    instance = instance_of(account)
    session = ApiSession(server.url, budget=Budget(instance.pk, [Limit("calls", rate=0.001, burst=1)], patience=0))
    server.replies(OK)
    session.get("/")
    session.ahead("/", params={})
    assert len(server.asked) == session.calls == 1


def test_reads_of_one_record_each_are_under_way_side_by_side(server: Server) -> None:
    """The server answers none of them before four have come."""
    session, together = ApiSession(server.url), Event()

    def wait() -> None:
        if len(server.asked) >= SIDE_BY_SIDE:
            together.set()
        together.wait(timeout=10)

    server.replies(Reply(200, {"fine": True}, after=wait))
    with session.reading_ahead("/one", ({"id": n} for n in range(8))):
        answers = [session.post("/one", json={"id": n}, safe=True).data for n in range(8)]
    assert together.is_set()
    assert answers == [{"fine": True}] * 8
    assert sorted(asked.body for asked in server.asked) == sorted(b'{"id":%d}' % n for n in range(8))
    assert session.calls == 8


def test_a_read_that_fails_side_by_side_is_repeated_alone(server: Server) -> None:
    session = ApiSession(server.url)
    server.replies(TROUBLE, OK)
    with session.reading_ahead("/one", ({"id": n} for n in range(3))):
        assert all(session.post("/one", json={"id": n}, safe=True).data["fine"] for n in range(3))
    assert session.calls == len(server.asked) == 4


def test_reads_side_by_side_end_where_the_budget_does(server: Server, account: Account) -> None:
    instance = instance_of(account)
    session = ApiSession(server.url, budget=Budget(instance.pk, [Limit("calls", rate=0.001, burst=2)], patience=0))
    server.replies(OK)
    with session.reading_ahead("/one", ({"id": n} for n in range(4))):
        for n in range(2):
            session.post("/one", json={"id": n}, safe=True)
        with pytest.raises(errors.RateLimited):
            session.post("/one", json={"id": 2}, safe=True)
    assert len(server.asked) == session.calls == 2


@pytest.mark.parametrize("reply", [TROUBLE, Reply(500), Reply(502), Reply(504), Reply(reset=True)])
def test_a_read_is_repeated(server: Server, reply: Reply) -> None:
    server.replies(reply, OK)
    assert ApiSession(server.url).get("/").data == {"fine": True}
    assert len(server.asked) == 2


@pytest.mark.parametrize(("seconds", "calls"), [("1", 2), ("30", 1)])
def test_an_app_in_trouble_is_given_the_short_time_that_it_asks_for(server: Server, seconds: str, calls: int) -> None:
    """A longer one is waited for by the run, and not by a worker."""
    server.replies(Reply(503, headers={"Retry-After": seconds}), OK)
    with contextlib.nullcontext() if calls == 2 else pytest.raises(errors.Unavailable):
        ApiSession(server.url).get("/")
    assert len(server.asked) == calls


def test_a_read_is_given_up_after_three_tries(server: Server) -> None:
    server.replies(TROUBLE)
    session = ApiSession(server.url)
    with pytest.raises(errors.Unavailable) as caught:
        session.get("/")
    assert caught.value.status == 503
    assert len(server.asked) == session.calls == 3


@pytest.mark.parametrize("reply", [TROUBLE, Reply(500), Reply(502), Reply(reset=True)])
def test_a_write_is_never_repeated_and_may_have_happened(server: Server, reply: Reply) -> None:
    server.replies(reply, OK)
    with pytest.raises(errors.NoAnswer):
        ApiSession(server.url).post("/", json={})
    assert len(server.asked) == 1


def test_a_post_that_only_reads_is_repeated(server: Server) -> None:
    server.replies(TROUBLE, OK)
    assert ApiSession(server.url).post("/search", json={}, safe=True).status == 200


def test_no_answer_in_time(server: Server) -> None:
    server.replies(Reply(silent=True))
    session = ApiSession(server.url, timeout=(1, 0.2))
    with pytest.raises(errors.Unavailable) as caught:
        session.get("/")
    assert caught.value.code == "REMOTE_TIMEOUT"
    with pytest.raises(errors.NoAnswer):
        session.post("/", json={})
    assert len(server.asked) == 2


def test_a_call_that_never_left_had_no_effect() -> None:
    session = ApiSession(f"http://127.0.0.1:{free_port()}")
    for call in (session.get, session.post):
        with pytest.raises(errors.Unavailable) as caught:
            call("/")
        assert not isinstance(caught.value, errors.NoAnswer)


def test_a_refused_token_is_renewed_once(server: Server) -> None:
    server.replies(Reply(401), OK)
    assert ApiSession(server.url, auth=Renewing()).post("/", json={}).status == 200
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer token-1", "Bearer token-2"]
    server.replies(Reply(401))
    with pytest.raises(errors.AuthExpired):
        ApiSession(server.url, auth=Renewing()).get("/")
    assert len(server.asked) == 4


def test_a_401_that_is_not_about_the_token_renews_nothing(server: Server) -> None:
    server.replies(Reply(401, {"why": "no API for you"}))
    auth = Renewing()
    session = ApiSession(server.url, auth=auth, fault=lambda answer, wrote: errors.ScopeMissing("no API"))
    with pytest.raises(errors.ScopeMissing):
        session.get("/")
    assert (auth.number, len(server.asked)) == (1, 1)


def test_a_session_follows_an_address_that_moves(server: Server) -> None:
    addresses = [server.url + "/old/", server.url + "/new/"]
    session = ApiSession(lambda: addresses[0])
    server.replies(OK)
    session.get("/things")
    del addresses[0]
    session.get("/things")
    assert [asked.path for asked in server.asked] == ["/old/things", "/new/things"]


def test_a_passwords_file_is_never_asked(server: Server, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    ApiSession(server.url, auth=Bearer("ours")).get("/")
    assert server.asked[0].headers["authorization"] == "Bearer ours"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.AuthExpired),
        (403, errors.ScopeMissing),
        (404, errors.Gone),
        (410, errors.Gone),
        (409, errors.AlreadyExists),
        (423, errors.Locked),
        (400, errors.Refused),
        (422, errors.Refused),
        (429, errors.RateLimited),
        (302, errors.Unavailable),
    ],
)
def test_what_a_status_means(server: Server, status: int, kind: type[errors.ConnectorError]) -> None:
    server.replies(Reply(status, "rate is limited", {"Location": "http://127.0.0.1:1/"}))
    with pytest.raises(kind) as caught:
        ApiSession(server.url).post("/", json={})
    assert caught.value.status == status
    assert len(server.asked) == 1


def test_an_app_has_its_own_word_on_errors_even_with_200(server: Server) -> None:
    def fault(answer: Answer, wrote: bool) -> errors.ConnectorError | None:
        return errors.Refused("no", code="EMAIL_INVALID") if (answer.data or {}).get("success") is False else None

    server.replies(Reply(200, {"success": False}))
    with pytest.raises(errors.Refused) as caught:
        ApiSession(server.url, fault=fault).get("/")
    assert caught.value.code == "EMAIL_INVALID"


def test_what_the_app_said_is_kept_without_secrets(server: Server) -> None:
    server.replies(Reply(400, {"message": "no", "access_token": "abcdefghijkl"}))
    with pytest.raises(errors.Refused) as caught:
        ApiSession(server.url).get("/")
    assert "no" in caught.value.remote
    assert "abcdefghijkl" not in caught.value.remote


def test_the_log_holds_neither_secrets_nor_people(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    server.replies(Reply(200, {"email": "ann@example.com"}))
    with caplog.at_level(logging.DEBUG):
        session = ApiSession(server.url, auth=Bearer("pat-na1-verysecret"))
        session.post("/contacts", params={"email": "bob@example.com"}, json={"email": "cat@example.com"})
    ours = [record.getMessage() for record in caplog.records if record.name == "integrations.http"]
    assert len(ours) == 1
    assert ours[0].startswith("POST /contacts 200 ")
    told = " ".join(
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.INFO or "integrations" in record.name
    )
    assert not [word for word in ("pat-na1", "ann@", "bob@", "cat@") if word in told]


def test_a_429_stops_all_who_share_the_bucket(server: Server, account: Any) -> None:
    instance = AppInstance.objects.create(account=account, app_key="hubspot", label="x", way_in="oauth")
    limits = [Limit("calls", rate=100, burst=10), Limit("search", rate=100, burst=10)]
    server.replies(Reply(429, "rate is limited", {"Retry-After": "7"}), OK)
    session = ApiSession(server.url, budget=Budget(instance.pk, limits))
    with pytest.raises(errors.RateLimited) as caught:
        session.post("/", json={})
    assert caught.value.retry_after == 7
    other = ApiSession(server.url, budget=Budget(instance.pk, limits))
    with pytest.raises(errors.RateLimited) as blocked:
        other.get("/")
    assert 6 < blocked.value.retry_after <= 7
    assert len(server.asked) == 1, "nobody called while the bucket was blocked"
    assert other.get("/", bucket="search").status == 200
    assert RateBucket.objects.filter(instance=instance).count() == 2


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_guarded_session_does_not_reach_this_machine(server: Server, settings: Any, scheme: str) -> None:
    settings.ALLOW_LOOPBACK_APPS = False
    address = server.url.replace("http", scheme, 1)
    with pytest.raises(errors.AddressRefused):
        ApiSession(address, guarded=True).get("/")
    assert not server.asked


def test_stand_ins_are_reached_where_the_operator_allows_it(server: Server, settings: Any) -> None:
    settings.ALLOW_LOOPBACK_APPS = True
    assert ApiSession(server.url, guarded=True).get("/").status == 200

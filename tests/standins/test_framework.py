"""What every stand-in shares: faults, outages, statistics, people, start and stop. Tried out on HubSpot's."""

import json
import re
import signal
import subprocess
import sys
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command

from integrations.standins.people import Shares, people, populate
from tests.standins.serving import ROOT, control, serving

CONTACTS = "/crm/objects/2026-03/contacts"


def call(hubspot: dict[str, Any], method: str, path: str = CONTACTS, **more: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {hubspot['token']}"}
    return requests.request(method, hubspot["api_url"] + path, headers=headers, **{"timeout": 10, **more})


def known(hubspot: dict[str, Any], lastname: str) -> int:
    found = control(hubspot, "list")["results"]
    return sum(record["properties"].get("lastname") == lastname for record in found)


class TestFaults:
    def test_refused_before_any_effect(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "faults", fault="status", status=502, match="POST", next=1)
        body = {"properties": {"lastname": "Refused"}}
        assert call(hubspot, "POST", json=body).status_code == 502
        assert known(hubspot, "Refused") == 0
        assert call(hubspot, "POST", json=body).status_code == 201

    def test_an_answer_lost_after_the_effect(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "faults", fault="lost", match="POST /crm/objects", next=1)
        with pytest.raises(requests.ConnectionError):
            call(hubspot, "POST", json={"properties": {"lastname": "Landed"}})
        assert known(hubspot, "Landed") == 1

    def test_a_connection_closed_before_any_effect(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "faults", fault="close", match="POST", next=1)
        with pytest.raises(requests.ConnectionError):
            call(hubspot, "POST", json={"properties": {"lastname": "Closed"}})
        assert known(hubspot, "Closed") == 0

    def test_an_answer_that_comes_too_late(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "faults", fault="late", seconds=2, match="POST", next=1)
        with pytest.raises(requests.ReadTimeout):
            call(hubspot, "POST", json={"properties": {"lastname": "Late"}}, timeout=0.3)
        assert known(hubspot, "Late") == 1

    def test_the_words_are_the_vendors_own(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "faults", fault="status", status=429, next=1)
        assert call(hubspot, "GET").json()["policyName"] == "TEN_SECONDLY_ROLLING"
        control(hubspot, "faults", fault="status", status=477, retry_after=7, next=1)
        answer = call(hubspot, "GET")
        assert (answer.status_code, answer.headers["Retry-After"]) == (477, "7")

    def test_a_rule_can_let_some_through_first(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "faults", fault="status", status=503, skip=1, next=1)
        assert [call(hubspot, "GET").status_code for _ in range(3)] == [200, 503, 200]

    def test_a_rule_is_over_after_its_time(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "faults", fault="status", status=429, lasts=0.0)
        assert control(hubspot, "faults")["faults"] == []
        assert call(hubspot, "GET").status_code == 200

    def test_nonsense_is_explained(self, hubspot: dict[str, Any]) -> None:
        answer = requests.post(f"{hubspot['control_url']}/faults", json={"fault": "gremlins"}, timeout=10)
        assert answer.status_code == 400
        assert "lost" in answer.json()["error"]
        assert requests.post(f"{hubspot['control_url']}/nonsense", timeout=10).status_code == 404

    def test_an_outage_spares_pages_and_control(self, hubspot: dict[str, Any]) -> None:
        control(hubspot, "down")
        assert call(hubspot, "GET").status_code == 503
        assert requests.get(hubspot["page_url"], timeout=10).status_code == 200
        control(hubspot, "down", how="close")
        with pytest.raises(requests.ConnectionError):
            call(hubspot, "GET")
        control(hubspot, "up")
        assert call(hubspot, "GET").status_code == 200

    def test_requests_are_counted_by_path(self, hubspot: dict[str, Any]) -> None:
        call(hubspot, "GET")
        call(hubspot, "GET", f"{CONTACTS}/901")
        call(hubspot, "GET", f"{CONTACTS}/902")
        stats = control(hubspot, "stats", reset=True)
        assert stats["by_path"] == {f"GET {CONTACTS}": 1, f"GET {CONTACTS}/{{id}}": 2}
        assert stats["by_status"] == {"200": 3}
        assert control(hubspot, "stats")["total"] == 0

    def test_the_date_is_that_of_the_stand_in_s_clock(self, hubspot: dict[str, Any]) -> None:
        before = parsedate_to_datetime(call(hubspot, "GET").headers["Date"])
        control(hubspot, "clock", advance=3600)
        after = parsedate_to_datetime(call(hubspot, "GET").headers["Date"])
        assert (after - before).total_seconds() >= 3600

    def test_reset_gives_the_first_records_and_settings_back(self, hubspot: dict[str, Any]) -> None:
        before = control(hubspot, "list")["results"]
        control(hubspot, "records", edit=[{"id": 901, "city": "Oslo"}], delete=[902])
        control(hubspot, "settings", token_seconds=5)
        control(hubspot, "reset")
        after = control(hubspot, "list")["results"]
        assert [record["id"] for record in after] == [record["id"] for record in before]
        assert control(hubspot, "state")["settings"]["token_seconds"] == 1800

    def test_pages_of_other_sites_can_change_nothing(self, hubspot: dict[str, Any]) -> None:
        elsewhere = {"Origin": "http://evil.example"}
        for path in ("/_control/reset", "/contacts/4242/record/0-1/901/do"):
            assert requests.post(hubspot["api_url"] + path, headers=elsewhere, timeout=10).status_code == 403


class TestPeople:
    def test_the_same_seed_gives_the_same_people(self) -> None:
        assert populate(300, seed=1) == populate(300, seed=1)
        assert populate(300, seed=1) != populate(300, seed=2)

    def test_everybody_has_an_address_of_their_own(self) -> None:
        found = people(3000)
        assert len({person.email for person in found}) == 3000
        assert all(person.email.endswith(".example") and person.email.isascii() for person in found)

    def test_a_population_has_both_sides_and_their_trouble(self) -> None:
        found = populate(3000)
        hub, app = ({person.number for person in side} for side in (found.hub, found.app))
        assert hub & app
        assert hub - app
        assert app - hub
        addresses = [person.email for person in found.app if person.email]
        assert len(addresses) > len(set(addresses)), "some addresses belong to several profiles"
        assert any(not person.email for person in found.app)
        by_number = {person.number: person for person in found.hub}
        both = [(by_number[person.number], person) for person in found.app if person.number in by_number]
        assert any(a.phone and b.phone and a.phone != b.phone for a, b in both)
        assert any(a.phone and not b.phone for a, b in both)

    def test_all_at_one_side(self) -> None:
        found = populate(50, Shares.parse("both=0,app=0,hub=1"))
        assert (len(found.hub), len(found.app)) == (50, 0)
        with pytest.raises(ValueError, match="nonsense"):
            Shares.parse("nonsense=1")


class TestProcess:
    def test_the_first_line_is_json_and_settings_are_taken(self) -> None:
        arguments = ("--only", "hubspot", "--records", "5", "--set", "hubspot.search_lag=2", "--faults", "503=1")
        with serving(*arguments) as described:
            hubspot = described["hubspot"]
            assert control(hubspot, "state")["settings"]["search_lag"] == 2
            assert call(hubspot, "GET").status_code == 503

    def test_stops_quietly_when_told_to(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "standins", "--only", "hubspot", "--records", "5", "--json"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["hubspot"]["portal_id"] == 4242
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")

    def test_ends_with_its_parent(self) -> None:
        parent = (
            "import subprocess, sys; p = subprocess.Popen([sys.executable, 'manage.py', 'standins', '--only', 'hubspot',"
            " '--records', '5', '--json', '--exit-with-parent'], stdout=subprocess.PIPE, text=True);"
            " print(p.stdout.readline())"
        )
        done = subprocess.run([sys.executable, "-c", parent], cwd=ROOT, capture_output=True, text=True, timeout=30)
        hubspot = json.loads(done.stdout)["hubspot"]
        end = time.monotonic() + 10
        with pytest.raises(requests.ConnectionError):
            while time.monotonic() < end:
                control(hubspot, "state")
                time.sleep(0.1)

    @pytest.mark.parametrize("wrong", [["--set", "hubspot.nonsense=1"], ["--set", "nonsense"], ["--split", "x=1"]])
    def test_wrong_options_are_explained(self, wrong: list[str]) -> None:
        with pytest.raises(CommandError, match=re.escape(wrong[1].partition("=")[0].rpartition(".")[2])):
            call_command("standins", "--only", "hubspot", *wrong)

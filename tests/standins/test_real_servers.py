"""``manage.py standins --with``: real servers beside the stand-ins, for demos and tests of the whole product."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.processes import die_with_parent, stop
from tests.realservers import erp
from tests.settings import ROOT


def start(*arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "manage.py", "standins", "--json", "--only", "hubspot", "--records", "5", *arguments]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )


def described(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    assert process.stdout
    return dict(json.loads(process.stdout.readline()))


def needs_tryton(test: Callable[[], None]) -> Callable[[], None]:
    for mark in erp.MARKS:
        test = mark(test)
    return test


def test_radicale_comes_with_a_user_and_a_book_and_ends_with_the_command() -> None:
    process = start("--with", "radicale")
    try:
        told = described(process)
        book = told["radicale"]
        login = (book["user"].encode(), book["password"].encode())
        answer = requests.request("PROPFIND", book["base_url"] + book["book"], auth=login, timeout=20)
        assert answer.status_code == 207
        assert "hubspot" in told
    finally:
        stop(process)
    with pytest.raises(requests.ConnectionError):
        requests.get(book["base_url"], timeout=5)


@needs_tryton
def test_tryton_comes_with_a_company_and_a_key() -> None:
    process = start("--with", "tryton")
    try:
        told = described(process)["tryton"]
        account = erp.connector(told["base_url"], told["access_token"]).identify()
        assert account.name == told["company"]
    finally:
        stop(process)


def test_an_unknown_server_is_named() -> None:
    process = start("--with", "radicale,nosuch")
    assert process.wait(60) == 2
    assert process.stderr
    assert b"no such server: nosuch" in process.stderr.read()

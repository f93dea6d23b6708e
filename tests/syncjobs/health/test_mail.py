"""Mail about syncs is plain text: names stand in it as they are."""

import pytest
from django.template.loader import render_to_string

NAME = "R&D's <Prospects>"


@pytest.mark.parametrize("name", ["initial_sync_done_subject", "initial_sync_done", "export_ready"])
def test_names_are_not_escaped(name: str) -> None:
    context = {
        "sync": NAME,
        "export": {"sync": NAME, "account": "A & B", "rows": 1},
        "address": "https://x.example/?a&b",
    }
    text = render_to_string(f"syncjobs/mail/{name}.txt", context)
    assert NAME in text
    assert "&amp;" not in text
    assert "&#" not in text

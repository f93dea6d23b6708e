"""Rich text and plain text that say the same."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations.richtext import kept, plain, rich

SIGNS = st.text(alphabet="ab <>&;/\n\t@'\"-漢é", max_size=30)
PIECES = st.lists(st.sampled_from(["<p>", "</p>", "<b>", "&amp;", "<br>", "<script>", "a", " ", "\n"]), max_size=8)


@given(st.one_of(SIGNS, PIECES.map("".join)))
@example("- \nb")
@example(";\t\n;")
def test_plain_text_comes_back_from_rich_text(text: str) -> None:
    lines = [line.rstrip() if "\n" in text else line for line in text.split("\n")]
    assert plain(rich(text)).strip() == "\n".join(lines).strip()


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        (
            '<div dir="auto"><p style="margin:0;">Hi <strong>Bob</strong>,</p><p><br></p><p>bye</p></div>',
            "Hi Bob,\n\nbye",
        ),
        ("<ul><li>one</li><li><p>two</p></li></ul>after", "- one\n- two\nafter"),
        ("<ul><li>\n <p>one</p></li></ul>", "- one"),
        ('See <a href="https://example.com/x">our page</a>.', "See our page (https://example.com/x)."),
        ('<a href="mailto:ann@example.com">ann@example.com</a>', "ann@example.com"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<html><head><style>p {}</style></head><body>\n <p>one\n two</p>\n</body></html>", "one two"),
        (
            '<html><head><meta charset="utf-8"><title>x</title><body><p>No end of the head</p></body></html>',
            "No end of the head",
        ),
        ('<p>AT&amp;T<img src="x.png" alt="Logo"><img src="y.png"></p>', "AT&TLogo[image]"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<p>From Ann <ann@example.com></p>", "From Ann <ann@example.com>"),
        ("two\nlines, 1 < 2, <ann@example.com> &amp; co", "two\nlines, 1 < 2, <ann@example.com> & co"),
    ],
)
def test_what_a_reader_sees(html: str, shown: str) -> None:
    assert plain(html) == shown


def test_one_plain_line_is_rich_text_already() -> None:
    assert rich("Called, no answer.") == "Called, no answer."
    assert rich("AT&T\n\n  indented") == "<p>AT&amp;T</p><p><br></p><p>&nbsp;&nbsp;indented</p>"


@pytest.mark.parametrize("empty", [None, "", " ", "<p></p>", "<div><p><br></p>&nbsp;</div>"])
def test_what_shows_nothing_is_blank(empty: str | None) -> None:
    assert kept(empty) is None


def test_an_image_is_something() -> None:
    assert kept("<p><img src='x'></p>") == "<p><img src='x'></p>"

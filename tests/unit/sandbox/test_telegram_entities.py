"""HTML is read the way Telegram reads it."""

from __future__ import annotations

import pytest

from sandbox.telegram.entities import as_html, parse_html, typed_entities, units
from sandbox.telegram.errors import Refusal


def test_tags_become_entities_counted_in_utf16() -> None:
    """A letter outside the basic plane counts twice."""
    text, entities = parse_html('🚀 <b>a<i>b</i></b> <a href="https://x.test/?a=1&amp;b=2">l</a>')

    assert text == "🚀 ab l"
    assert entities == [
        {"type": "bold", "offset": 3, "length": 2},
        {"type": "italic", "offset": 4, "length": 1},
        {"type": "text_link", "offset": 6, "length": 1, "url": "https://x.test/?a=1&b=2"},
    ]
    assert units(text) == 7


def test_expandable_quote_and_language_are_understood() -> None:
    """The two shapes that long output uses."""
    _, entities = parse_html(
        '<blockquote expandable><pre><code class="language-py">x</code></pre></blockquote>'
    )

    assert {"expandable_blockquote", "pre"} == {entity["type"] for entity in entities}
    assert next(entity["language"] for entity in entities if entity["type"] == "pre") == "py"


def test_nothing_is_formatted_inside_code() -> None:
    """Bold inside code is dropped, code inside a block too, a quote around it stays."""
    _, entities = parse_html("<blockquote><code>a<b>b</b></code></blockquote>")
    _, block = parse_html("<pre><code>x</code></pre>")

    assert ["pre"] == [entity["type"] for entity in block]
    assert {"blockquote", "code"} == {entity["type"] for entity in entities}


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<h1>x</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("é <b>x</i>", 'Unmatched end tag at byte offset 7, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("1 < 2", "Unclosed start tag at byte offset 2"),
        ("a < b > c", 'Unsupported start tag "" at byte offset 2'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_broken_html_is_refused_in_the_platforms_words(source: str, complaint: str) -> None:
    """Unescaped foreign text is found out here, as it would be there."""
    with pytest.raises(Refusal) as refused:
        parse_html(source)

    assert f"Bad Request: can't parse entities: {complaint}" == refused.value.description


def test_known_references_are_decoded_and_others_left() -> None:
    """Only four names and numbers are references."""
    assert parse_html("&lt;&amp;&gt; &quot; &#65; &nbsp; & b")[0] == '<&> " A &nbsp; & b'


def test_blank_edges_are_cut_and_entities_moved() -> None:
    """The platform trims what it shows."""
    assert parse_html("\n <b> x</b> y \n") == ("x y", [{"type": "bold", "offset": 0, "length": 1}])


def test_commands_and_mentions_in_typed_text_are_marked() -> None:
    """A command with the bot's name is one entity."""
    entities = typed_entities("/status@tgk_council_bot api @tgk_council_bot a/b")

    assert [(entity["type"], entity["offset"], entity["length"]) for entity in entities] == [
        ("bot_command", 0, 23),
        ("mention", 28, 16),
    ]


def test_page_html_is_escaped_and_nested() -> None:
    """Whatever the text, a page gets only the tags of the entities."""
    text, entities = parse_html("<b>1 &lt; <i>2</i></b> &lt;script&gt;")

    assert as_html(text, entities) == "<b>1 &lt; <i>2</i></b> &lt;script&gt;"

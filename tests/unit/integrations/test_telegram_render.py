"""Any reply becomes one message that Telegram takes, and nothing is lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.telegram.moments import distance
from integrations.telegram.render import Rendered, command_actions, render
from tgk.reply import (
    Action,
    Fact,
    Facts,
    Log,
    Picture,
    Progress,
    Reply,
    Stage,
    Table,
    Text,
)

NOW = datetime(2026, 1, 5, 14, 3, tzinfo=UTC)
_VOID: frozenset[str] = frozenset()
_ALLOWED = {"b", "i", "code", "pre", "a", "blockquote"}


class Reader(HTMLParser):
    """Reads Telegram's HTML strictly: known tags only, closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.links: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an opened tag."""
        assert tag in _ALLOWED
        self._open.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        """Check that the innermost tag is closed."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect what people read."""
        self.text += data

    def finish(self) -> str:
        """Return the text once everything is closed."""
        self.close()
        assert self._open == []
        return self.text


def read(html: str) -> str:
    """Return what is left after parsing."""
    reader = Reader()
    reader.feed(html)
    return reader.finish()


def draw(reply: Reply, **options: object) -> Rendered:
    """Render with made-up tokens."""
    tokens = [f"tgk:a:{at:010d}" for at, _ in enumerate(command_actions(reply))]
    return render(reply, tokens, now=NOW, **options)  # type: ignore[arg-type]


words = st.text(max_size=60)
long_words = st.one_of(words, st.text(min_size=1, max_size=40).map(lambda part: part * 150))
moments = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
facts = st.builds(
    Fact,
    label=words,
    value=long_words,
    at=st.none() | moments,
    code=st.booleans(),
    url=st.sampled_from(["", "https://example.com/a?b=1&c=2", 'javascript:"x"', "http://a b"]),
)
states = st.sampled_from(["waiting", "running", "done", "failed", "skipped", "paused"])
blocks = st.one_of(
    st.builds(Facts, facts=st.lists(facts, max_size=8).map(tuple)),
    st.builds(Text, text=long_words, style=st.sampled_from(["normal", "small", "quote", "strong"])),
    st.builds(
        Table,
        columns=st.lists(words, max_size=4).map(tuple),
        rows=st.lists(st.lists(words, max_size=4).map(tuple), max_size=6).map(tuple),
    ),
    st.builds(
        Progress,
        done=st.integers(0, 20),
        total=st.integers(0, 20),
        note=words,
        stages=st.lists(st.builds(Stage, name=words, state=states, note=words), max_size=16).map(
            tuple
        ),
    ),
    st.builds(Picture, svg=st.just("<svg/>"), alt=words),
    st.builds(Log, lines=st.lists(long_words, max_size=40).map(tuple), filename=words),
)
actions = st.builds(
    Action,
    label=words,
    command=st.just("status"),
    style=st.sampled_from(["primary", "secondary", "success", "danger"]),
    url=st.sampled_from(["", "", "https://example.com", "ftp://nope"]),
)
replies = st.builds(
    Reply,
    topic=st.sampled_from(["status", "logs", "deploy", "alert", "denied", "notice"]),
    title=long_words,
    tone=st.sampled_from(["ok", "running", "warning", "bad", "off"]),
    subtitle=words,
    blocks=st.lists(blocks, max_size=6).map(tuple),
    actions=st.lists(actions, max_size=20).map(tuple),
    footer=long_words,
    mentions=st.lists(st.sampled_from(["dana", "nobody"]), max_size=3).map(tuple),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(reply=replies, simulated=st.booleans())
def test_any_reply_is_one_message_within_the_limit(reply: Reply, *, simulated: bool) -> None:
    """The HTML parses, the text is short enough and the same as the fall-back, rows are legal."""
    shown = draw(reply, accounts={"dana": "7000002"}, simulated=simulated)

    text = read(shown.html)
    assert text.replace("\r", "") == shown.text.replace("\r", "")
    assert text.strip()
    assert len(text.encode("utf-16-le")) // 2 <= 4096
    assert all(1 <= len(row) <= 8 for row in shown.rows)
    assert all(len(key.token.encode()) <= 64 for row in shown.rows for key in row)
    assert all(bool(key.token) != bool(key.url) for row in shown.rows for key in row)


@settings(max_examples=100, deadline=None)
@given(lines=st.lists(st.text(alphabet="ab <&>", max_size=300), max_size=60))
def test_no_line_of_a_log_is_lost(lines: list[str]) -> None:
    """Either every line stands in the text, or the whole log is attached."""
    shown = draw(Reply(topic="logs", title="Logs", blocks=(Log(lines=tuple(lines)),)))

    files = [each.content.decode() for each in shown.documents]
    whole = "\n".join(lines)
    assert (whole.strip() in read(shown.html)) or f"{whole}\n" in files


def test_foreign_text_stays_text() -> None:
    """Markup in names is shown, not obeyed, and no tag can be smuggled into a link."""
    evil = '<a href="tg://user?id=1">x</a>&amp;'
    fact = Fact(label=evil, value=evil, url='https://example.com/"><b>')
    shown = draw(Reply(topic="status", title=evil, blocks=(Facts(facts=(fact,)),)))

    reader = Reader()
    reader.feed(shown.html)
    assert reader.finish().count(evil) == 3
    assert reader.links == ['https://example.com/"><b>']


def test_a_card_reads_as_drawn() -> None:
    """Sign and title lead, facts are labelled, moments are UTC with words, the footer ends it."""
    reply = Reply(
        topic="deploy",
        title="Deploy v1.4.0 → production",
        tone="running",
        blocks=(
            Facts(
                facts=(
                    Fact(label="Version", value="v1.4.0", code=True),
                    Fact(label="Started", at=NOW - timedelta(minutes=3)),
                )
            ),
            Progress(done=2, total=4, note="testing", stages=(Stage(name="build", state="done"),)),
        ),
        footer="audit a1f3",
        mentions=("dana",),
    )

    html = draw(reply, accounts={"dana": "7000002"}).html

    assert html.splitlines() == [
        "🚀 <b>Deploy v1.4.0 → production</b>",
        "<b>Version:</b> <code>v1.4.0</code>",
        "<b>Started:</b> <code>14:00 UTC</code> (3 min ago)",
        "<code>██████░░░░░░░</code> 2/4 · testing",
        "✅ build",
        "<i>audit a1f3</i>",
        '<a href="tg://user?id=7000002">dana</a>',
    ]


def test_a_narrow_table_is_drawn_and_a_wide_one_becomes_lines() -> None:
    """Fixed-width text only up to what a phone shows; beyond it every cell is still there."""
    narrow = Table(columns=("service", "state"), rows=(("api", "Running"),))
    words = " ".join(["Serves the public"] * 3)
    wide = Table(columns=("service", "summary", "by"), rows=(("api", words, "ops"),))

    drawn = draw(Reply(topic="status", title="t", blocks=(narrow, wide))).html

    assert "<pre>service  state\napi      Running</pre>" in drawn
    assert f"<b>api</b> · summary {words} · by ops" in drawn


def test_an_answer_that_is_too_long_is_attached_whole() -> None:
    """The message says so and still ends with the footer."""
    words = " ".join(f"word{at}" for at in range(2000))
    reply = Reply(topic="ask", title="Answer", blocks=(Text(text=words),), footer="audit b2")

    shown = draw(reply)

    assert "the whole answer is in the attached file" in shown.text
    assert shown.text.endswith("audit b2")
    assert [words in each.content.decode() for each in shown.documents] == [True]


def test_a_simulated_world_says_so_in_every_message() -> None:
    """The first line tells that nothing here is real."""
    reply = Reply(topic="notice", title="Hello")

    assert draw(reply, simulated=True).text.startswith("🧪 TEST MODE\n")
    assert "TEST MODE" not in draw(reply).text


def test_buttons_carry_tokens_styles_and_links() -> None:
    """A link that Telegram would refuse becomes text instead of breaking the message."""
    reply = Reply(
        topic="approval",
        title="Approve?",
        actions=(
            Action(label="Approve", command="approve", style="success"),
            Action(label="Diff", url="https://example.com/diff"),
            Action(label="Local", url="file:///etc/passwd"),
        ),
    )

    shown = draw(reply)

    ((approve, diff),) = shown.rows
    assert (
        approve.label,
        approve.token,
        approve.style,
    ) == ("✅ Approve", "tgk:a:0000000000", "success")
    assert (diff.label, diff.url) == ("Diff", "https://example.com/diff")
    assert "Local (file:///etc/passwd)" in shown.text


def test_distances_are_worded_in_the_largest_unit() -> None:
    """Past and future read differently, a few seconds are now."""
    spoken = [distance(seconds) for seconds in (2, -40, 125, -7200, 172800)]

    assert spoken == ["now", "40 s ago", "in 2 min", "2 h ago", "in 2 d"]


def test_a_name_in_foreign_text_notifies_nobody() -> None:
    """The sign is parted from the name where Telegram would read a mention."""
    drawn = draw(Reply(topic="notice", title="ping @dana", blocks=(Text(text="and @ben"),)))

    assert "@dana" not in drawn.html
    assert "@ben" not in drawn.html
    assert "@\u2060dana" in drawn.html

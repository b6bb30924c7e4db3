"""What a user sees while ganzoo works."""

import io
import re
import time

import pytest
from terminals import Terminal

from ganzoo.ui import progress
from ganzoo.ui.progress import LineReporter, Reporter, clock, reporter
from ganzoo.ui.progress_bar import BarReporter

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")


def train(report, steps=50, seconds=0.0):
    with report.task("train", steps) as task:
        for step in range(steps):
            time.sleep(seconds)
            task.show(f"critic {step / 10:.2f}")
            task.advance()


def test_terminal_gets_a_bar_with_numbers_rate_and_tail():
    terminal = Terminal()
    report = reporter(stream=terminal.stream)
    assert isinstance(report, BarReporter)
    train(report, seconds=0.01)
    text = ESCAPE.sub("", terminal.close())
    *_, bar, words = text.rstrip().splitlines()
    assert re.search(r"train ━+ 50/50 [\d.]+ steps/s in 0:0\d", bar)
    assert words.rstrip() == "critic 4.90"


def test_bar_is_drawn_at_most_five_times_a_second():
    terminal = Terminal()
    train(reporter(stream=terminal.stream), steps=500, seconds=0.001)
    drawn = len(re.findall(r"train ", ESCAPE.sub("", terminal.close())))
    assert 2 < drawn < 20


def test_nothing_is_cut_off_on_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    terminal = Terminal()
    said = "critic 0.43, gradient_penalty 0.02  generator 1.2  scores 0.9 real, -0.4 fake  gradients 0.7, 0.2"
    with reporter(stream=terminal.stream).task("training", 7500) as task:
        task.show(said)
        task.advance(7500)
    lines = [line.strip() for line in ESCAPE.sub("", terminal.close()).splitlines()]
    assert all(len(line) <= 60 for line in lines)
    assert "7500/7500" in lines[-3]
    assert " ".join(lines[-2:]).split() == said.split()


def test_text_said_above_the_bar_stays_whole():
    terminal = Terminal()
    report = reporter(stream=terminal.stream)
    with report.task("train", 3) as task:
        task.advance()
        report.say("saved [bold]runs/a[/bold] " + "x" * 150)
        report.warn("slow")
        task.advance()
    lines = [line.strip("\r") for line in ESCAPE.sub("", terminal.close()).split("\n")]
    assert any(line.endswith("saved [bold]runs/a[/bold] " + "x" * 150) for line in lines)
    assert any(line.endswith("ganzoo: warning: slow") for line in lines)


def test_bar_ends_with_the_block_even_where_it_fails():
    terminal = Terminal()
    report = reporter(stream=terminal.stream)

    def fail():
        with report.task("train", 10) as task:
            task.advance()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert "\x1b[?25h" in terminal.close()  # the cursor is back


def test_inner_task_leaves_the_outer_bar():
    terminal = Terminal()
    report = reporter(stream=terminal.stream)
    with report.task("train", 2) as outer:
        outer.advance()
        with report.task("evaluate", 4, unit="images") as inner:
            inner.advance(4)
        outer.advance()
    text = ESCAPE.sub("", terminal.close())
    assert "evaluate" in text
    assert text.rstrip().splitlines()[-1].startswith("train")


def test_no_color_means_no_colour(monkeypatch):
    def colours():
        terminal = Terminal()
        train(reporter(stream=terminal.stream))
        return re.findall(r"\x1b\[[0-9;]+m", terminal.close())

    assert colours()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not colours()


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("CI", "true")])
def test_dumb_terminals_and_ci_get_plain_lines(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    terminal = Terminal()
    report = reporter(stream=terminal.stream)
    assert isinstance(report, LineReporter)
    train(report)
    assert "\x1b" not in terminal.close()


def test_lines_are_few_and_complete(monkeypatch):
    stream = io.StringIO()
    train(reporter(stream=stream), steps=200, seconds=0.001)
    assert re.fullmatch(r"train  200/200  100%  \d+\.?\d* steps/s  in 0:0\d  critic 19.90\n", stream.getvalue())

    monkeypatch.setattr(progress, "LINE_SECONDS", 0.05)
    stream = io.StringIO()
    now = [time.monotonic()]  # a clock that only sleeping moves: a busy machine would show more lines
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    train(reporter(stream=stream), steps=200, seconds=0.001)
    lines = stream.getvalue().splitlines()
    assert 3 <= len(lines) <= 8
    assert re.fullmatch(r"train  \d+/200  \d+%  [\d.]+ steps/s  0:0\d left  critic [\d.]+", lines[0])


def test_resumed_task_counts_only_what_it_did_itself(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    with reporter(stream=stream).task("train", 1000, done=900) as task:
        now[0] += 2
        task.advance(10)
        assert task.numbers() == ("5.00 steps/s", "0:18 left")


def test_rate_follows_the_last_half_minute(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with reporter(stream=io.StringIO()).task("train", 10_000) as task:
        for rate in (1, 100):
            for _ in range(60):
                now[0] += 1
                task.advance(rate)
                task.measure()
        assert task.measure() == pytest.approx(100, rel=0.05)


def test_quiet_says_warnings_only():
    stream = io.StringIO()
    report = reporter(quiet=True, stream=stream)
    assert type(report) is Reporter
    report.say("hello")
    train(report)
    assert stream.getvalue() == ""
    report.warn("disk is nearly full")
    assert stream.getvalue() == "ganzoo: warning: disk is nearly full\n"


def test_nothing_to_do_is_no_error():
    stream = io.StringIO()
    with reporter(stream=stream).task("decode", 0):
        pass
    assert stream.getvalue().startswith("decode  0/0")


@pytest.mark.parametrize("quiet", [False, True])
def test_streams_that_cannot_say_a_character_get_it_escaped(quiet):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    report = reporter(quiet=quiet, stream=stream)
    report.say("wörter")
    report.warn("fläche \udcff")
    assert raw.getvalue().endswith(b"ganzoo: warning: fl\\xe4che \\udcff\n")


def test_bar_in_ascii():
    terminal = Terminal(encoding="ascii")
    report = reporter(stream=terminal.stream)
    with report.task("train", 2) as task:
        task.show("größe 3")
        report.say("wörter")
        task.advance(2)
    text = terminal.close()
    assert text.isascii()
    assert "w\\xf6rter" in text


def test_lost_terminal_does_not_end_the_work():
    class Gone(io.StringIO):
        encoding = "utf-8"

        def write(self, text):
            raise BrokenPipeError

        def isatty(self):
            return self.terminal

    for terminal in (False, True):
        stream = Gone()
        stream.terminal = terminal
        report = reporter(stream=stream)
        report.say("hello")
        with report.task("train", 2) as task:
            task.advance(2)
        assert task.done == 2


def test_advance_is_cheap():
    for stream in (io.StringIO(), Terminal().stream):
        with reporter(stream=stream).task("train", 10**6) as task:
            started = time.perf_counter()
            for _ in range(50_000):
                task.advance()
            assert (time.perf_counter() - started) / 50_000 < 10e-6
        stream.close()


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (15.4, "0:15"), (59.7, "1:00"), (3723, "1:02:03"), (183845, "2d 03:04:05")])
def test_clock(seconds, text):
    assert clock(seconds) == text

"""Every command with its arguments and options, from the same declarations that ``--help`` prints."""

from __future__ import annotations

from typing import Any

from typer.main import get_command

from ganzoo.cli.app import app
from ganzoo.registry import CORE

from .components import projects
from .markdown import in_markdown, table


def commands() -> str:
    """A section for each command of this repository; a reader's own plugins are nothing for its documentation."""
    group: Any = get_command(app)
    ours = {word: c.distribution for word, c in group.words.items() if c.distribution in {CORE, *projects()}}
    return "\n".join(section(word, group.get_command(None, word), distribution) for word, distribution in ours.items())


def section(name: str, command: Any, distribution: str) -> str:
    """Usage, what it does, who gives it where that is not the core, and a row for each argument and option."""
    arguments = [one for one in command.params if not one.opts[0].startswith("-")]
    options = [one for one in command.params if one.opts[0].startswith("-") and not one.hidden]
    usage = " ".join(["ganzoo", name, *map(argument_word, arguments), *(["[OPTIONS]"] if options else [])])
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n"))
    text += "" if distribution == CORE else f"\n\nPart of [{distribution}](../plugins/{distribution}.md)."
    rows = [(f"`{argument_word(one)}`", shown(one), one.help or "") for one in arguments]
    rows += [(", ".join(f"`{word}`" for word in option_words(one)), shown(one), one.help or "") for one in options]
    return f"## `ganzoo {name}`\n\n```text\n{usage}\n```\n\n{in_markdown(text)}\n\n" + (
        table(("argument", "default", "meaning"), rows) if rows else ""
    )


def argument_word(argument: Any) -> str:
    """An argument as the usage line names it: ``RUN``, ``[NAME]``, ``RUN...``."""
    word = (argument.metavar or argument.name.upper()) + ("..." if argument.nargs != 1 else "")
    return word if argument.required else f"[{word.strip('[]')}]"


def option_words(option: Any) -> list[str]:
    """Every spelling of an option, the last with the word for its value."""
    value = "" if option.is_flag else f" {option.metavar or option.opts[-1].strip('-').replace('-', '_').upper()}"
    words = sorted(option.opts, key=len)
    return [*words[:-1], words[-1] + value, *option.secondary_opts]


def shown(parameter: Any) -> str:
    """A default, or that there has to be a value; nothing for flags and for what may be left out."""
    default = parameter.default
    return "required" if parameter.required else "" if default is None or default is False or default in ("", []) else f"`{default}`"

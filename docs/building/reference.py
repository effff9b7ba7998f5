"""Texts of the reference, made from the code itself: nothing here is a list that could be forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from inspect import getdoc
from types import SimpleNamespace
from typing import Any

import click

import gradcheck
from gradcheck.rendering.layout import code, escape, markdown_table

RESULTS = {"Case", "Circuit", "Comparison", "Verdict"}  # made by gradcheck's functions: how they are made is nobody's concern


def command_line() -> str:
    """Every command, its arguments and options, from click's own help."""
    from gradcheck.cli import main

    context = click.Context(main, info_name="gradcheck")
    return "\n\n".join(_command(name, command, context) for name, command in _commands("gradcheck", main, context))


def _commands(name: str, command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            assert found is not None
            yield from _commands(f"{name} {sub}", found, context)


def _command(name: str, command: click.Command, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=None)
    usage = f"```text\n{name} {' '.join(command.collect_usage_pieces(context))}\n```"
    options = [_option(p, context) for p in command.get_params(context) if isinstance(p, click.Option) and not p.hidden]
    parts = [f"## {name}", usage, _help(command.help or ""), markdown_table(options, ("option", "what it does")) if options else ""]
    return "\n\n".join(p for p in [*parts, command.epilog or ""] if p)


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    names, says = option.get_help_record(context) or ("", "")
    return code(names), escape(says).replace("\\`", "`")


def _help(text: str) -> str:
    """The help of a command as Markdown: what stands after a form feed's mark is kept as it is."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", getdoc(SimpleNamespace(__doc__=text)) or ""):
        if paragraph.startswith("\b\n"):
            body = paragraph.removeprefix("\b\n").splitlines()
            indent = min(len(line) - len(line.lstrip()) for line in body)
            parts.append("\n".join(["```text", *(line[indent:] for line in body), "```"]))
        else:
            pieces = re.split(r"(`[^`]*`)", " ".join(paragraph.split()))
            parts.append("".join(p if p.startswith("`") else re.sub(r"\b([A-Z]{3,})\b", r"`\1`", escape(p)) for p in pieces))
    return "\n\n".join(parts)


def settings() -> str:
    """Every setting: key, variable of the environment, default, meaning."""
    from gradcheck.settings import KNOWN, Settings

    rows = []
    for field in fields(Settings):
        variable = code(f"GRADCHECK_{field.name.upper()}") if field.name in KNOWN else ""
        rows.append((code(field.name), variable, code(json.dumps(field.default)), escape(field.metadata["says"])))
    return markdown_table(rows, ("key in `[tool.gradcheck]`", "variable", "default", "what it says"))


def pytest_options() -> str:
    """Every option, setting and keyword of the marker that the pytest plugin has."""
    from gradcheck import pytest_plugin
    from gradcheck.testing.options import MARKED

    asked: list[tuple[str, str]] = []
    group = SimpleNamespace(addoption=lambda *names, **said: asked.append((code(", ".join(names)), escape(said.get("help", "")))))
    parser: Any = SimpleNamespace(
        getgroup=lambda *_: group, addini=lambda name, says, **_: asked.append((code(f"{name} = [...]"), escape(says)))
    )
    pytest_plugin.pytest_addoption(parser)
    asked += [(code(f"@pytest.mark.gradcheck({name}=...)"), escape(what)) for name, what in MARKED.items()]
    return markdown_table(asked, ("option", "what it does"))


def exit_codes() -> str:
    """What the exit codes of every command mean."""
    from gradcheck.cli.group import EXIT_CODES

    told = re.findall(r"(\d) ([^,.]+)", EXIT_CODES)
    return markdown_table([(code(number), escape(meaning)) for number, meaning in told], ("exit code", "meaning"))


def finding_kinds() -> str:
    """Every kind of finding: what it says, what to do, and where the shipped cases show one."""
    from building.kinds import kinds

    rows = [(code(kind), escape(says), _capital(escape(advice))) for kind, (says, advice) in kinds().items()]
    return markdown_table(rows, ("kind", "what it says", "what to do"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def schemas() -> str:
    """Every document that is written, with its top keys, from the schemas themselves."""
    from gradcheck.rendering.schema import NAMES, schema_text

    return "\n\n".join(_schema(name, json.loads(schema_text(name))) for name in NAMES)


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [(code(key), _type(said, schema), "yes" if key in required else "", _says(said)) for key, said in schema["properties"].items()]
    intro = f"{_linked(schema['description'])} `gradcheck schema {name}` prints the schema."
    return f"## {schema['title']}\n\n{intro}\n\n" + markdown_table(rows, ("key", "type", "always there", "what it is"))


def _linked(text: str) -> str:
    return re.sub(r"\((https://[^)\s]+)\)", r"(<\1>)", text)


def _says(said: Mapping[str, Any]) -> str:
    return str(said.get("description", "")).replace("|", "\\|")


def _type(said: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "$ref" in said:
        return _type(_found(said["$ref"], schema), schema)
    if "const" in said:
        return code(json.dumps(said["const"]))
    if "enum" in said:
        return " ".join(code(json.dumps(v)) for v in said["enum"])
    for word in ("anyOf", "oneOf"):
        if word in said:
            return " or ".join(dict.fromkeys(_type(s, schema) for s in said[word]))
    kind = said.get("type", "anything")
    return " or ".join([kind] if isinstance(kind, str) else kind)


def _found(reference: str, schema: Any) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        schema = schema[step]
    return schema


def public_name(name: str) -> str:
    """The entry of one public name: its signature and docstring, by autodoc."""
    thing = getattr(gradcheck, name)
    if not isinstance(thing, type):
        return f"```{{eval-rst}}\n.. autofunction:: gradcheck.{name}\n```"
    if issubclass(thing, BaseException):
        return f"```{{eval-rst}}\n.. autoexception:: gradcheck.{name}\n   :show-inheritance:\n```"
    made = "()" if name in RESULTS else ""
    return f"```{{eval-rst}}\n.. autoclass:: gradcheck.{name}{made}\n   :members:\n```"


def errors() -> str:
    """The tree of errors, as their module draws it."""
    from gradcheck import errors as module

    return f"```text\n{(module.__doc__ or '').partition(chr(10) * 2)[2].strip()}\n```"


TEXTS = {
    "command line": command_line,
    "settings": settings,
    "pytest options": pytest_options,
    "exit codes": exit_codes,
    "finding kinds": finding_kinds,
    "schemas": schemas,
    "errors": errors,
}

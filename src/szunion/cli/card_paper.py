"""Know how traces and TLV data are explained on the command line: no card is needed."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from szunion.cli import card_means as means
from szunion.cli.card_shown import show
from szunion.cli.frame import Frame, framed, helps
from szunion.cli.streams import put
from szunion.emv import tlv
from szunion.emv.errors import BadTlv
from szunion.emv.explain import explain as explain_trace
from szunion.emv.explain import explain_tlv
from szunion.emv.explain_diff import as_text as diff_text
from szunion.emv.explain_diff import diff
from szunion.emv.explain_json import as_data, item_data
from szunion.emv.explain_text import tree

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    help=helps(
        "讲解一份记录或一段 TLV，不需要卡。Explain a trace or TLV data; no card is needed.",
        "szunion card explain trace.jsonl",
        "szunion card explain --tlv 9F360200019F2701809F1A020156",
        "szunion card explain --diff a.jsonl b.jsonl",
    )
)
@click.argument("file", required=False, type=_FILE)
@click.option("--tlv", "text", metavar="HEX",
              help="一段 TLV；- 表示从标准输入读  TLV data; - reads stdin")  # fmt: skip
@click.option("--diff", "two", nargs=2, type=_FILE, metavar="A B",
              help="比较两份记录  Compare two traces")  # fmt: skip
@means.options("ca_keys", "reveal", "html")
@framed
def explain(  # noqa: PLR0913 - the three things that can be explained
    frame: Frame, *, file: Path | None, text: str | None, two: tuple[Path, Path] | None,
    ca_keys: Path | None, reveal: bool, reason: str, org: str | None, html: Path | None,
    force: bool,
) -> int:  # fmt: skip
    if sum(given is not None for given in (file, text, two)) != 1:
        raise click.UsageError(frame.text(
            "写明其中一样：记录文件、--tlv 或 --diff", "name one: a trace file, --tlv or --diff"
        ))  # fmt: skip
    if html is not None and file is None:
        raise click.UsageError(frame.text("--html 只用于记录文件", "--html goes with a trace file"))
    sight = means.sight(frame, None, reveal=reveal, reason=reason, org=org)
    if text is not None:
        data = means.unhex(sys.stdin.read() if text == "-" else text)
        return _tlv(frame, data, clear=sight.grant(()))
    if two is not None:
        _diff(frame, *two, clear=sight.grant(()))
    elif file is not None:
        exchanges = means.trace_from(file)
        means.keep_page(frame, exchanges, None, ca_keys, html, force=force)
        clear = sight.grant(exchanges)
        whole = means.explained(exchanges, None, ca_keys, clear=clear)
        frame.value(as_data(whole))
        show(frame, whole, tell=True)
    return 0


def _tlv(frame: Frame, data: bytes, *, clear: bool) -> int:
    """Explain TLV data as far as they can be read; 2: not to their end."""
    items = explain_tlv(data, reveal=clear)
    frame.value({"items": [item_data(item) for item in items]})
    if not frame.as_json:
        put("\n".join(tree(items, frame.language.value)))
    try:
        tlv.parse(data)
    except BadTlv:
        return 2
    return 0


def _diff(frame: Frame, first: Path, second: Path, *, clear: bool) -> None:
    left, right = (explain_trace(means.trace_from(path), reveal=clear) for path in (first, second))
    found = diff(left, right)
    frame.value({"differences": [
        {"step": each.step.say(frame.language.value), "path": each.path,
         "left": each.left, "right": each.right} for each in found
    ]})  # fmt: skip
    if not frame.as_json:
        put(diff_text(found, frame.language.value), end="")

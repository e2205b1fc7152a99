"""Know how to say in words what a card was asked and what it answered 交互讲解.

    >>> from szunion.emv.explain_trace import read_trace
    >>> trace = read_trace(">> 80CA9F3600" + chr(10) + "<< 9F3602001C9000")
    >>> explain(trace).steps[0].answer[0].meaning[0].en
    '28'

The result is a value; ``explain_text``, ``explain_json``, ``explain_html`` show it, and
``explain_diff`` compares two. Personal values are hidden unless *reveal*; PIN data always are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import evolve

from szunion.emv import tlv
from szunion.emv.apdu import Command, Response
from szunion.emv.errors import BadTlv
from szunion.emv.explain_commands import Known, answered, asked, describe
from szunion.emv.explain_model import Explanation, Item, Said, Step
from szunion.emv.explain_trace import Exchange
from szunion.emv.explain_values import Manner, nodes
from szunion.emv.status_words import status_word
from szunion.emv.tags import Scheme, for_aid


def explain(trace: Iterable[Exchange], *, reveal: bool = False) -> Explanation:
    """Explain a trace. Never fails: what cannot be understood is shown and marked wrong.

    Args:
        trace: Exchanges in order, 61xx and 6Cxx included.
        reveal: Show card number, name, documents and unknown data.
    """
    known = Known()
    steps = []
    for number, exchange in enumerate(joined(trace), start=1):
        command, response = exchange.command, exchange.response
        manner = Manner(for_aid(known.aid), reveal)
        title, effects = describe(command, known)
        after = known.after(command, response)
        word = status_word(response.sw, f"{command.cla:02X}{command.ins:02X}")
        steps.append(
            Step(
                number=number,
                title=title,
                header=command.name,
                size=len(command.data),
                asked=asked(command, known, manner),
                sw=response.sw,
                outcome=Said(word.say(response.sw, "zh"), word.say(response.sw, "en")),
                good=word.good,
                answer=answered(
                    command, response, after, evolve(manner, scheme=for_aid(after.aid))
                ),
                answer_size=len(response.data),
                effects=effects if word.good or response.sw >> 8 == 0x63 else (),
                millis=exchange.millis,
                note=exchange.note if reveal else "",
            )
        )
        known = after
    return Explanation(tuple(steps))


def explain_tlv(
    data: bytes, *, scheme: Scheme = Scheme.PBOC, reveal: bool = False
) -> tuple[Item, ...]:
    """Explain TLV data without a card. A broken end is shown as an item marked wrong."""
    manner = Manner(scheme, reveal)
    try:
        return nodes(tlv.parse(data), manner)
    except BadTlv as error:
        fault = Said(error.what("zh"), error.what("en"))
        rest = Item("…", Said("不完整", "incomplete"), meaning=(fault,), wrong=True)
        return (*nodes(error.nodes[:_MOST_OF_BROKEN], manner), rest)


_MOST_OF_BROKEN = 1_000  # objects shown of data that are broken further on


def joined(trace: Iterable[Exchange]) -> Iterator[Exchange]:
    """Yield exchanges with GET RESPONSE and repeated commands folded into the first one.

    Spec: JR/T 0025.3, annex A; EMV 4.3 Book 1, 9.3.1.
    """
    whole: Exchange | None = None
    last: Exchange | None = None
    for exchange in trace:
        if whole is None or last is None:
            whole = exchange
        elif _continues(last, exchange.command):
            whole = _folded(whole, exchange)
        else:
            yield whole
            whole = exchange
        last = exchange
    if whole is not None:
        yield whole


def _continues(last: Exchange, command: Command) -> bool:
    sw1 = last.response.sw >> 8
    if sw1 == 0x6C:
        return evolve(last.command, le=command.le) == command
    return sw1 in _MORE_TO_COME and command.ins == 0xC0


def _folded(whole: Exchange, more: Exchange) -> Exchange:
    """Join one more round. A warning before GET RESPONSE is the outcome that counts."""
    first, last = whole.response, more.response
    warned = first.sw >> 8 in _WARNINGS and (last.ok or last.sw >> 8 in {0x61, 0x6C})
    millis = None
    if whole.millis is not None and more.millis is not None:
        millis = whole.millis + more.millis
    response = Response(first.sw if warned else last.sw, first.data + last.data)
    return evolve(whole, response=response, millis=millis)


_WARNINGS = frozenset({0x62, 0x63})
_MORE_TO_COME = frozenset({0x61, *_WARNINGS})

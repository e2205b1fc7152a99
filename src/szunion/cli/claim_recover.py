"""Know how it is written down on the command line what is to be got back, and what came of it."""

from __future__ import annotations

import click

from szunion.application.recovery import Recovery
from szunion.cli.endings import PARTLY
from szunion.cli.frame import DRY_RUN, Frame, framed, helps
from szunion.cli.money_words import fen_of
from szunion.domain.access import Purpose, Role
from szunion.domain.claim_files import Claim
from szunion.domain.claims import ClaimEvent
from szunion.domain.proposals import Proposal
from szunion.domain.values import ClaimId, Fen
from szunion.text import Text

_KEYS = ("claim", "member", "plan", "state", "yuan", "since")
_TITLES = (
    Text("申领", "claim"),
    Text("会员", "member"),
    Text("计划", "plan"),
    Text("状态", "state"),
    Text("核定（元）", "yuan"),
    Text("始于", "since"),
)
_PROPOSAL_KEYS = ("proposal", "claim", "act", "recovered", "document", "by", "state")
_PROPOSAL_TITLES = (
    Text("提请", "proposal"),
    Text("申领", "claim"),
    Text("事项", "act"),
    Text("追回（元）", "recovered"),
    Text("依据", "document"),
    Text("提请人", "by"),
    Text("状态", "state"),
)
#: A proposal's name says who decides on it: reviewers that it was overpaid, finance its end.
_FOUND = "po"
_DONE = "pd"
_ACTS = {_FOUND: ClaimEvent.OVERPAID, _DONE: ClaimEvent.DONE}
_PROPOSAL = click.argument("proposal", metavar="PROPOSAL")


@click.group(
    help=helps(
        "追回：审核两人认定多付，财务两人写明追回多少，其余核销。What is to be got back: found by "
        "two reviewers; two of finance write down what came back, and the rest is written off.",
        "szunion --user 甲 claim recover overpaid cl_… --evidence 复查记录3号",
        "szunion --user 乙 claim recover confirm po_…",
        "szunion claim recover list",
        "szunion --user 丙 claim recover done cl_… --recovered 400.00 --document 收据7号",
        "szunion --user 丁 claim recover confirm pd_…",
    )
)
def recover() -> None: ...


def _reviewing(frame: Frame) -> Recovery:
    return frame.desk(Role.REVIEW, Purpose.AID_REVIEW).recovery


def _paying(frame: Frame) -> Recovery:
    return frame.desk(Role.FINANCE, Purpose.PAY).recovery


def _named(frame: Frame, proposal: str) -> tuple[str, int, Recovery]:
    """Return of a proposal's name its kind, its id, and the desk that decides on it."""
    kind = _DONE if proposal.startswith(f"{_DONE}_") else _FOUND
    id_ = frame.inward(kind, proposal)
    return kind, id_, _paying(frame) if kind == _DONE else _reviewing(frame)


def _id(frame: Frame, name: str) -> ClaimId:
    return ClaimId(frame.inward("cl", name))


def _yuan(frame: Frame, fen: Fen | None) -> object:
    if fen is None:
        return None
    return fen.amount if frame.as_json else str(fen)


def _row(frame: Frame, one: Claim) -> tuple[object, ...]:
    return (
        frame.outward("cl", one.id), frame.outward("m", one.person), one.plan, one.state,
        _yuan(frame, one.fen), frame.local(one.changed),
    )  # fmt: skip


def _show(frame: Frame, one: Claim) -> None:
    frame.rows(_KEYS, _TITLES, [_row(frame, one)])


def _show_proposal(frame: Frame, kind: str, one: Proposal) -> None:
    fen = one.terms.get("fen")
    row = (
        frame.outward(kind, one.id), frame.outward("cl", one.subject), _ACTS[kind],
        None if fen is None else _yuan(frame, Fen(int(fen))),
        one.terms["document" if kind == _DONE else "evidence"], one.maker, one.state,
    )  # fmt: skip
    frame.rows(_PROPOSAL_KEYS, _PROPOSAL_TITLES, [row])


def _to_confirm(frame: Frame, kind: str, one: Proposal) -> int:
    _show_proposal(frame, kind, one)
    frame.note(
        "须另一人确认：szunion --user 另一人 claim recover confirm {name}",
        "another person confirms: szunion --user ANOTHER claim recover confirm {name}",
        name=frame.outward(kind, one.id),
    )
    return PARTLY


@recover.command(
    "list",
    help=helps(
        "追回清单。What is to be got back.",
        "szunion claim recover list",
        "szunion --json claim recover list",
    ),
)
@framed
def list_(frame: Frame) -> None:
    desk = _paying(frame)
    rows: list[tuple[object, ...]] = []
    after: ClaimId | None = None
    while page := desk.listed(after=after):
        rows += [_row(frame, each) for each in page]
        after = page[-1].id
    frame.rows(_KEYS, _TITLES, rows)


@recover.command(
    help=helps(
        "审核人提请：这件申领不该付；另一人确认（此前退出码 3）后列入清单，未付的不再付。Propose, "
        "as a reviewer, that a claim should not have been paid; once another one has confirmed it "
        "(exit 3 until then), it is on the list, and no more is paid.",
        "szunion --user 甲 claim recover overpaid cl_… --evidence 复查记录3号 --dry-run",
        "szunion --user 甲 claim recover overpaid cl_… --evidence 复查记录3号",
    )
)
@click.argument("claim")
@click.option("--evidence", required=True, metavar="TEXT", help="证据  The evidence")
@DRY_RUN
@framed
def overpaid(frame: Frame, claim: str, *, evidence: str, dry_run: bool) -> int:
    desk, id_ = _reviewing(frame), _id(frame, claim)
    if dry_run:
        _show(frame, desk.preview_overpaid(id_, evidence=evidence))
        return 0
    return _to_confirm(frame, _FOUND, desk.overpaid(id_, evidence=evidence))


@recover.command(
    help=helps(
        "财务提请办结：追回多少，其余核销；全部核销的写 0。另一人确认（此前退出码 3）后记账。"
        "Propose, in finance, the end: so much came back, the rest is written off (0: all of it); "
        "it is booked once another one has confirmed it (exit 3 until then).",
        "szunion --user 丙 claim recover done cl_… --recovered 400.00 --document 收据7号 --dry-run",
        "szunion --user 丙 claim recover done cl_… --recovered 400.00 --document 收据7号",
    )
)
@click.argument("claim")
@click.option("--recovered", required=True, metavar="YUAN", help="追回，元  Got back, in yuan")
@click.option(
    "--document", required=True, metavar="NO", help="收据或核销批文的编号  Number of the receipt, "
    "or of the decision to write off",
)  # fmt: skip
@DRY_RUN
@framed
def done(frame: Frame, claim: str, *, recovered: str, document: str, dry_run: bool) -> int:
    desk, id_ = _paying(frame), _id(frame, claim)
    fen = fen_of(frame, recovered)
    if dry_run:
        rest = desk.preview_done(id_, recovered=fen, document=document)
        frame.value({"recovered": fen.amount, "written_off": rest.amount})
        frame.say(
            "将追回 {fen} 元，核销 {rest} 元",
            "would get back {fen} yuan and write off {rest}",
            fen=fen,
            rest=rest,
        )
        return 0
    return _to_confirm(frame, _DONE, desk.done(id_, recovered=fen, document=document))


@recover.command(
    help=helps(
        "另一人确认：认定多付的由审核人，办结的由财务。Confirm, as another person: a reviewer that "
        "it was overpaid, finance its end.",
        "szunion --user 乙 claim recover confirm po_… --dry-run",
        "szunion --user 乙 claim recover confirm po_…",
        "szunion --user 丁 claim recover confirm pd_…",
    )
)
@_PROPOSAL
@DRY_RUN
@framed
def confirm(frame: Frame, proposal: str, *, dry_run: bool) -> None:
    kind, id_, desk = _named(frame, proposal)
    if dry_run:
        _show_proposal(frame, kind, desk.proposed(id_))
    else:
        _show(frame, desk.confirm_done(id_) if kind == _DONE else desk.confirm_overpaid(id_))


@recover.command(
    help=helps(
        "另一人不同意：一切照旧，可重新提请。Refuse, as another person: all stays as it was.",
        "szunion --user 乙 claim recover refuse po_…",
        "szunion --user 丁 claim recover refuse pd_…",
    )
)
@_PROPOSAL
@framed
def refuse(frame: Frame, proposal: str) -> None:
    kind, id_, desk = _named(frame, proposal)
    _show_proposal(frame, kind, desk.refuse(id_))

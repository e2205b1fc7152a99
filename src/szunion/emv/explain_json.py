"""Know how an explanation looks as JSON, with both languages side by side 结构化讲解."""

from __future__ import annotations

import json
from typing import Any

from szunion.emv.explain_model import Explanation, Item, Said, Step


def as_json(explanation: Explanation) -> str:
    """Return the whole explanation as JSON text; hidden values are absent."""
    return json.dumps(as_data(explanation), ensure_ascii=False, indent=1) + "\n"


def as_data(explanation: Explanation) -> dict[str, Any]:
    """Return the whole explanation as plain lists and dictionaries."""
    out: dict[str, Any] = {
        "changed": explanation.changed,
        "steps": [_step(step) for step in explanation.steps],
    }
    if explanation.certificates:
        out["certificates"] = [item_data(item) for item in explanation.certificates]
    return out


def item_data(item: Item) -> dict[str, Any]:
    """Return one item, with what is below it."""
    out: dict[str, Any] = {"label": item.label, "name": _said(item.name)}
    if item.hidden:
        out["hidden"] = True
    elif item.raw:
        out["value"] = item.value
    if item.meaning:
        out["meaning"] = [_said(said) for said in item.meaning]
    if item.wrong:
        out["wrong"] = True
    if item.children:
        out["children"] = [item_data(child) for child in item.children]
    return out


def _step(step: Step) -> dict[str, Any]:
    out: dict[str, Any] = {
        "number": step.number,
        "title": _said(step.title),
        "command": step.header,
        "asked": [item_data(item) for item in step.asked],
        "sw": f"{step.sw:04X}",
        "outcome": _said(step.outcome),
        "good": step.good,
        "answer": [item_data(item) for item in step.answer],
        "effects": [_said(effect) for effect in step.effects],
    }
    if step.millis is not None:
        out["ms"] = step.millis
    if step.note:
        out["note"] = step.note
    return out


def _said(said: Said) -> dict[str, str]:
    return {"zh": said.zh, "en": said.en}

"""Know how a city's file becomes its catalogue, and what it may not say (服务目录文件)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from szunion.domain.benefits import Benefit
from szunion.domain.catalogue import Catalogue
from szunion.domain.policy import structured, unmark
from szunion.errors import ConfigError


def catalogue_from(given: Mapping[str, Any]) -> Catalogue:
    """Return the catalogue that a city's file says.

    Args:
        given: The file's content as plain mappings, lists and values.

    Raises:
        ConfigError: something is missing, unknown or malformed (E-CATALOGUE-001), an id is used
            twice (E-CATALOGUE-002), a category or topic does not exist (E-CATALOGUE-003 and 006),
            more is listed than the city's own count (E-CATALOGUE-004), or a benefit contradicts
            itself (E-CATALOGUE-005); also E-POLICY-002 and E-POLICY-003 for sources.
    """
    plain, sources = unmark(given)
    named = {path: str(source.value) for path, source in sources.items()}
    found = structured({**plain, "sources": named}, Catalogue, "E-CATALOGUE-001")
    catalogue = cast("Catalogue", found)
    _check_ids(catalogue)
    for kind, listed, count in (
        ("items", len(catalogue.items), catalogue.counts.items),
        ("collective", len(catalogue.collective), catalogue.counts.collective),
        ("categories", len(catalogue.categories), catalogue.counts.categories),
    ):
        if listed > count:
            raise ConfigError("E-CATALOGUE-004", path=kind, listed=listed, count=count)
    benefits = [(each.id, each.benefit) for each in catalogue.items]
    benefits += [(each.id, each.benefit) for each in catalogue.pack.items]
    for id_, benefit in benefits:
        if benefit is not None:
            _check_benefit(id_, benefit)
    return catalogue


def _check_ids(catalogue: Catalogue) -> None:
    codes = {each.code for each in catalogue.categories}
    ids = [each.id for each in catalogue.items]
    ids += [each.id for each in catalogue.pack.items]
    ids += [each.id for each in catalogue.collective]
    for group in (ids, [each.id for each in catalogue.topics]):
        for index, id_ in enumerate(group):
            if id_ in group[:index]:
                raise ConfigError("E-CATALOGUE-002", id=id_)
    for item in catalogue.items:
        if item.category not in codes:
            raise ConfigError("E-CATALOGUE-003", id=item.id, category=item.category)
        if item.topic is not None and catalogue.topic(item.topic) is None:
            raise ConfigError("E-CATALOGUE-006", id=item.id, topic=item.topic)
    for each in catalogue.collective:
        if each.category and each.category not in codes:
            raise ConfigError("E-CATALOGUE-003", id=each.id, category=each.category)


def _check_benefit(id_: str, benefit: Benefit) -> None:
    ways = (benefit.fen is not None) + bool(benefit.tiers) + bool(benefit.daily)
    if ways != 1:
        raise ConfigError("E-CATALOGUE-005", id=id_, what="fen / tiers / daily")
    answers = [answer for tier in benefit.tiers for answer in tier.answers]
    if len(answers) != len(set(answers)):
        raise ConfigError("E-CATALOGUE-005", id=id_, what="tiers")
    limited = benefit.most_claims is not None and benefit.most_days is not None
    if benefit.daily and benefit.cap is not None and limited:
        best = max(each.fen for each in benefit.daily)
        times = (benefit.most_claims or 0) * (benefit.most_days or 0)
        if best * times != benefit.cap:
            raise ConfigError("E-CATALOGUE-005", id=id_, what="cap")

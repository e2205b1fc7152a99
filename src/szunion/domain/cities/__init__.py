"""Know how a city's folder becomes a city: a policy and a catalogue, and nothing in code."""

import tomllib
from collections.abc import Callable
from typing import Any

from attrs import frozen

from szunion.domain.catalogue import Catalogue
from szunion.domain.catalogue_file import catalogue_from
from szunion.domain.policy import CityPolicy, policy_from
from szunion.errors import ConfigError
from szunion.text import Text

__all__ = ["City", "city_from", "name_from"]


@frozen(kw_only=True)
class City:
    """What differs between cities (城市): how things are done, and what there is."""

    policy: CityPolicy
    catalogue: Catalogue


def city_from(read: Callable[[str], str]) -> City:
    """Return the city whose files *read* returns.

    Args:
        read: Returns the text of a file of the city's folder: ``city.toml``, ``catalogue.toml``.

    Raises:
        ConfigError: a file is not TOML (E-POLICY-005), or what it says is wrong (E-POLICY-…,
            E-CATALOGUE-…).
    """
    city = City(
        policy=policy_from(_table(read, "city.toml")),
        catalogue=catalogue_from(_table(read, "catalogue.toml")),
    )
    for topic in city.policy.referrals.answer_days_of:
        if city.catalogue.topic(topic) is None:
            known = "、".join(each.id for each in city.catalogue.topics) or "—"
            raise ConfigError("E-POLICY-007", topic=topic, known=known)
    return city


def name_from(read: Callable[[str], str]) -> Text:
    """Return the name of the city whose files *read* returns; its catalogue is not read."""
    return policy_from(_table(read, "city.toml")).name


def _table(read: Callable[[str], str], name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(read(name))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("E-POLICY-005", file=name, what=error) from error

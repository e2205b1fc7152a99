"""Know what somebody in each role acts for, and which roles have no desk at all (目的)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from szunion.domain.access import Purpose, Role
from szunion.text import Text

_P = Purpose

PURPOSES: Final[Mapping[Role, frozenset[Purpose]]] = MappingProxyType(
    {
        Role.MEMBER: frozenset({_P.ENROL, _P.SERVE, _P.RIGHTS}),
        Role.HEIR: frozenset({_P.SERVE, _P.RIGHTS}),
        Role.GRASSROOTS: frozenset({_P.ENROL, _P.SERVE, _P.AID_REVIEW, _P.RIGHTS}),
        Role.UPPER: frozenset({_P.ENROL, _P.SERVE, _P.AID_REVIEW, _P.RIGHTS, _P.OPERATE}),
        Role.CITY: frozenset(Purpose) - {_P.PAY},
        Role.FINANCE: frozenset({_P.PAY}),
        Role.REVIEW: frozenset({_P.AID_REVIEW}),
        Role.PROVIDER: frozenset({_P.SERVE}),
        Role.HOTLINE: frozenset({_P.SERVE, _P.RIGHTS}),
        Role.AUDITOR: frozenset({_P.AUDIT}),
        Role.LOG_ADMIN: frozenset({_P.AUDIT}),
        Role.ENGINE: frozenset({_P.OPERATE}),
    }
)
"""What somebody in a role acts for. A role that is not here does nothing at a desk."""

APART: Final[Mapping[Role, Text]] = MappingProxyType(
    {
        Role.BANK: Text(
            "经适配器收发报文，不使用工作台", "it communicates through its adapter, not at a desk"
        ),
        Role.KEY_ADMIN: Text(
            "只管理密钥，使用专门的密钥工具", "it looks after the keys, with a tool of their own"
        ),
        Role.SYSTEM_ADMIN: Text(
            "只负责部署，不查看业务数据",
            "it runs the machines and reads no business data",
        ),
    }
)
"""Why a role does nothing at any desk (三权分立)."""

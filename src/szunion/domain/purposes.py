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
            "银行经适配器收发报文，不坐工作台", "the bank speaks through its adapter, not at a desk"
        ),
        Role.KEY_ADMIN: Text(
            "安全管理员只管密钥，用密钥工具", "a security administrator has the keys and their tool"
        ),
        Role.SYSTEM_ADMIN: Text(
            "系统管理员只管部署，不看业务数据",
            "a system administrator has the machines and reads nothing of the business",
        ),
    }
)
"""Why a role does nothing at any desk (三权分立)."""

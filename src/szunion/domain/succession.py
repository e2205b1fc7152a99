"""Know who takes over what hangs on a union when it ends (遗留事项)."""

from __future__ import annotations

from collections.abc import Mapping

from szunion.domain.values import Labelled, OrganisationId


class Belonging(Labelled):
    """What hangs on a union and must have a new owner in the commit that ends it (遗留事项)."""

    MEMBERS = "MEMBERS", "会员归属", "open affiliations"
    HOLDS = "HOLDS", "锁定", "holds"
    BATCHES = "BATCHES", "在办批次", "open batches"
    PLASTIC = "PLASTIC", "代管的实体卡", "cards in custody"
    TICKETS = "TICKETS", "工单", "tickets"
    JOININGS = "JOININGS", "集体参与报名", "sign-ups for what is joined together"
    BUDGETS = "BUDGETS", "预算", "budgets"
    BELOW = "BELOW", "下级工会", "unions below it"


def heirs_of_merger(target: OrganisationId) -> Mapping[Belonging, OrganisationId]:
    """Return who takes over what when a union merges: the target takes all."""
    return dict.fromkeys(Belonging, target)


def heirs_of_dissolution(
    upper: OrganisationId, pool: OrganisationId
) -> Mapping[Belonging, OrganisationId]:
    """Return who takes over what when a union is dissolved: members the pool, the rest *upper*."""
    return dict.fromkeys(Belonging, upper) | {Belonging.MEMBERS: pool}

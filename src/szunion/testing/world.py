"""Know the demo city: its unions, who works there, and how a bank and a clock are put beside it."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from szunion.application.organisations import NewUnion
from szunion.application.system import Desk
from szunion.bootstrap import UnionSystem
from szunion.domain.access import Principal, Purpose, Role
from szunion.domain.organisations import Organisation, OrganisationKind
from szunion.domain.values import OrganisationId
from szunion.errors import NotFound

_DOCUMENT: Final = "深工发〔2017〕12号（模拟）"
_K = OrganisationKind


@frozen(kw_only=True)
class DemoUnion:
    """One grassroots union of the demo city, and the roster its office keeps."""

    code: str
    name: str
    rows: int
    """Rows of its roster, bad ones included."""
    form: str
    """``xlsx`` or ``gb18030``: what the office exports."""


DEMO_UNIONS: Final = (
    DemoUnion(code="440305-0001", name="模拟科技有限公司工会", rows=400, form="xlsx"),
    DemoUnion(code="440305-0002", name="示范电子厂工会", rows=300, form="gb18030"),
    DemoUnion(code="440307-0001", name="样例物流园联合工会", rows=240, form="xlsx"),
    DemoUnion(code="440307-0002", name="测试医院工会", rows=180, form="gb18030"),
    DemoUnion(code="440307-0003", name="演练学校工会", rows=120, form="xlsx"),
)
_ABOVE: Final = (
    ("440305", "示范一区总工会", _K.DISTRICT, "440300"),
    ("440307", "示范二区总工会", _K.DISTRICT, "440300"),
)


@frozen(kw_only=True)
class DemoCity:
    """The demo city as it stands: every office has two people (演示城市)."""

    system: UnionSystem
    city: Organisation
    unions: tuple[Organisation, ...]

    def officer(self, union: Organisation, who: int = 1) -> Desk:
        """Return the desk of a union's officer; *who* tells colleagues apart."""
        return self._desk(f"union-{union.code}-{who}", Role.GRASSROOTS, Purpose.ENROL, union.id)

    def federation(self, who: int = 1) -> Desk:
        """Return the desk of an officer of the city federation."""
        return self._desk(f"city-{who}", Role.CITY, Purpose.ENROL)

    def finance(self, who: int = 1) -> Desk:
        """Return the desk of somebody in the city federation's finance office."""
        return self._desk(f"finance-{who}", Role.FINANCE, Purpose.PAY)

    def _desk(
        self, name: str, role: Role, purpose: Purpose, union: OrganisationId | None = None
    ) -> Desk:
        principal = Principal(id=name, role=role, purpose=purpose, organisation=union)
        return self.system.desk(principal)


def demo_world(system: UnionSystem, unions: tuple[DemoUnion, ...] = DEMO_UNIONS) -> DemoCity:
    """Found the demo city in *system*, or find it there: a second time changes nothing."""
    policy = system.office.policy
    founder = system.desk(Principal(id="city-1", role=Role.CITY, purpose=Purpose.ENROL))
    city = founder.organisations.found_city(code=policy.code, name=policy.federation.zh)
    forms = [(code, name, kind, policy.code) for code, name, kind, _ in _ABOVE]
    forms += [(each.code, each.name, _K.GRASSROOTS, each.code[:6]) for each in unions]
    founder.organisations.register_many(
        [NewUnion(code=c, name=n, kind=k, parent_code=p) for c, n, k, p in forms],
        document=_DOCUMENT,
    )
    found = [founder.organisations.find(each.code) for each in unions]
    made = tuple(union for union in found if union is not None)
    if len(made) != len(unions):
        raise NotFound("E-ACCESS-002")
    return DemoCity(system=system, city=city, unions=made)


def demo_city(system: UnionSystem) -> tuple[Desk, Desk]:
    """Found the demo city and return two desks: a grassroots officer's and a city officer's."""
    city = demo_world(system)
    return city.officer(city.unions[0]), city.federation()

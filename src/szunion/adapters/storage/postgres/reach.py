"""Know the functions by which PostgreSQL asks who is within a scope, on one server and on Citus.

On one server the policies ask themselves what they can. On Citus they hold no subquery, so a
function asks, on the row's own node: of the same member's rows, which lie beside it, and of copies.
"""

from __future__ import annotations

from typing import Final

PLACE: Final = "(SELECT nullif(current_setting('szunion.scope', true), ''))"
WITHIN: Final = f"o.path >= {PLACE} AND o.path < left({PLACE}, -1) || '0'"
"""A half-open range, as :attr:`szunion.domain.access.Scope.path_range` has it."""

# Temporary tables come last: where the path does not name their place it is looked at first, and
# whoever gets a statement of their own in could say so who belongs where.
_AS_OWNER: Final = """LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = szunion, pg_catalog, pg_temp"""
_ON_EVERY_NODE: Final = f"""{_AS_OWNER}
SET citus.allow_nested_distributed_execution = on"""

_IN_REACH: Final = """
CREATE OR REPLACE FUNCTION szunion.in_reach(person bigint) RETURNS boolean
"""
_NEWEST: Final = f"""
AS $$
    SELECT {WITHIN}
    FROM membership m JOIN organisation o ON o.organisation_id = m.organisation_id
    WHERE m.shard = person >> 53 AND m.person_id = person AND {PLACE} LIKE '/%'
    ORDER BY m.membership_id DESC LIMIT 1
$$;
"""  # noqa: S608 - names of ours

REACH: Final = f"""{_IN_REACH}{_AS_OWNER}{_NEWEST}\
COMMENT ON FUNCTION szunion.in_reach(bigint) IS
    'Whether a person''s newest membership is within the scope; asked as the owner, for it may lie elsewhere.';
"""  # noqa: E501 - names of ours


SPREAD_REACH: Final = f"""{_IN_REACH}{_ON_EVERY_NODE}{_NEWEST}\
CREATE OR REPLACE FUNCTION szunion.union_in_reach(unions bigint[]) RETURNS boolean
{_ON_EVERY_NODE}
AS $$
    SELECT EXISTS (SELECT FROM organisation o WHERE o.organisation_id = ANY (unions) AND {WITHIN})
$$;
CREATE OR REPLACE FUNCTION szunion.card_in_reach(at bigint, card bigint) RETURNS boolean
{_ON_EVERY_NODE}
AS $$
    SELECT EXISTS (SELECT FROM card c WHERE c.shard = at AND c.card_id = card
                   AND ({PLACE} = 'p' || c.person_id OR szunion.in_reach(c.person_id)))
$$;
CREATE OR REPLACE FUNCTION szunion.list_in_reach(list bigint) RETURNS boolean
{_ON_EVERY_NODE}
AS $$
    SELECT EXISTS (SELECT FROM custody_list l
                   JOIN organisation o ON o.organisation_id = l.organisation_id
                   WHERE l.list_id = list AND {WITHIN})
$$;
CREATE OR REPLACE FUNCTION szunion.holder_of(at bigint, card bigint) RETURNS bigint
{_ON_EVERY_NODE}
AS $$
    SELECT c.person_id FROM card c WHERE c.shard = at AND c.card_id = card
$$;
CREATE OR REPLACE FUNCTION szunion.is_erased(person bigint) RETURNS boolean
{_ON_EVERY_NODE}
AS $$
    SELECT EXISTS (SELECT FROM erasure e WHERE e.shard = person >> 53 AND e.person_id = person)
$$;
"""  # noqa: S608 - names of ours

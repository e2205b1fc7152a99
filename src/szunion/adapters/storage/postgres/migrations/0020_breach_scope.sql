-- What a login touched, when it was in the wrong hands: found by the login, in the log's order.
-- An entry is in it from the moment at which it has its place: what is written is as quick as before.

CREATE INDEX audit_by_actor ON audit (actor, place, at) WHERE place IS NOT NULL;

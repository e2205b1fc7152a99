-- What a login touched, when it was in the wrong hands: found by the login, in the log's order.

CREATE INDEX audit_by_actor ON audit (actor, place, at);

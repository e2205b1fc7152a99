-- name: alone
-- Whoever writes holds the gate: it is had alone when all who began earlier have ended.
LOCK TABLE write_gate IN EXCLUSIVE MODE

-- A matter is watched while it lies with the hotline, too: asked for in a portal, or sent back by a
-- union. What waits there now is watched from here on, by the day of its answer.

ALTER TABLE referral DROP CONSTRAINT referral_check;
ALTER TABLE referral ADD CONSTRAINT referral_check
    CHECK (watch IS NULL OR state IN ('NEW', 'ASSIGNED', 'WORKING'));

UPDATE referral SET watch = due WHERE state = 'NEW' AND late = 0;

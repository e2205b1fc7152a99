-- A call is about one of the city's own topics, by its id. The classes that stood in the code go over
-- into topics of the first city; a city that has no such topic shows the id.

ALTER TABLE ticket RENAME COLUMN matter TO topic;
UPDATE ticket SET topic = CASE topic WHEN 'LOSS' THEN 'card-loss' WHEN 'LEGAL' THEN 'legal'
    WHEN 'OTHER' THEN 'suggestion' ELSE 'member-service' END;

ALTER TABLE referral RENAME COLUMN matter TO topic;
UPDATE referral SET topic = CASE topic WHEN 'LOSS' THEN 'card-loss' WHEN 'LEGAL' THEN 'legal'
    WHEN 'OTHER' THEN 'suggestion' ELSE 'member-service' END;

-- A temporary table named delegation stood in for ours: where a path does not name the place of
-- temporary tables it is looked at first. The net's own functions are written anew at each weaving.

ALTER FUNCTION by_two_sides() SET search_path = szunion, pg_catalog, pg_temp;

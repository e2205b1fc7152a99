-- A card changes many times, and what changes is in no index. With room on its page the new row is
-- beside the old one, and no index is written. Pages that are there already stay as full as they are.

ALTER TABLE card SET (fillfactor = 85);

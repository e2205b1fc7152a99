-- The books are not written over either: an INSERT OR REPLACE deletes without asking the triggers
-- for deletion, on any connection that has not switched them on for it.

CREATE TRIGGER ledger_id_is_not_taken_over BEFORE INSERT ON ledger
WHEN EXISTS (SELECT 1 FROM ledger WHERE transfer_id = NEW.transfer_id)
BEGIN SELECT raise(ABORT, 'the id is taken'); END;
CREATE TRIGGER ledger_end_is_not_taken_over BEFORE INSERT ON ledger
WHEN NEW.entry IN ('POST', 'VOID')
     AND EXISTS (SELECT 1 FROM ledger WHERE of = NEW.of AND entry IN ('POST', 'VOID'))
BEGIN SELECT raise(ABORT, 'a pending transfer ends once'); END;

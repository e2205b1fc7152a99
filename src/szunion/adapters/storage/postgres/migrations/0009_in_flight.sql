-- What is on its way to the bank is counted often, and is few: settled orders are not in it.

CREATE INDEX pay_order_in_flight ON pay_order (state)
    WHERE state IN ('APPROVED', 'BATCHED', 'SENT', 'UNKNOWN', 'ACCEPTED');

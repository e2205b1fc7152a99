-- name: records
-- fanout: the daily list is compared with every card of the node
-- The server joins a record itself, and we wait for it less: see szunion.domain.card_records.
SELECT token_index || int8send(psn)
    || CASE bank_state
           WHEN 'ISSUED' THEN decode('01', 'hex')
           WHEN 'ACTIVE' THEN decode('02', 'hex')
           WHEN 'LOSS_ORAL' THEN decode('03', 'hex')
           WHEN 'LOSS_WRITTEN' THEN decode('04', 'hex')
           WHEN 'FROZEN' THEN decode('05', 'hex')
           WHEN 'DORMANT' THEN decode('06', 'hex')
           WHEN 'EXPIRED' THEN decode('07', 'hex')
           WHEN 'REPLACED' THEN decode('08', 'hex')
           WHEN 'CLOSED' THEN decode('09', 'hex')
           ELSE decode('00', 'hex')
       END
    || int8send(card_id)
FROM card

-- name: records
-- fanout: the daily list is compared with every card of the node
-- The server joins records itself, all that lie on 64 pages of the table to one value, so that a
-- city's come as some thousand rows: see szunion.domain.card_records. What was written behind the
-- last page that is counted here was written after our moment. What most cards are stands first.
SELECT (
    SELECT string_agg(
        token_index || int8send(psn)
        || CASE bank_state
               WHEN 'ACTIVE' THEN decode('02', 'hex')
               WHEN 'ISSUED' THEN decode('01', 'hex')
               WHEN 'LOSS_ORAL' THEN decode('03', 'hex')
               WHEN 'LOSS_WRITTEN' THEN decode('04', 'hex')
               WHEN 'FROZEN' THEN decode('05', 'hex')
               WHEN 'DORMANT' THEN decode('06', 'hex')
               WHEN 'EXPIRED' THEN decode('07', 'hex')
               WHEN 'REPLACED' THEN decode('08', 'hex')
               WHEN 'CLOSED' THEN decode('09', 'hex')
               ELSE decode('00', 'hex')
           END
        || int8send(card_id), '')
    FROM card
    WHERE ctid >= CAST('(' || page || ',0)' AS tid)
        AND ctid < CAST('(' || page + 64 || ',0)' AS tid)
)
FROM generate_series(
    0, pg_relation_size('card') / CAST(current_setting('block_size') AS bigint), 64) AS page

-- What is kept for a term is found by its day: claims that ended without money, disclosures.

CREATE INDEX claim_over ON claim (changed)
    WHERE state IN ('CLOSED', 'WITHDRAWN') AND obligation_id IS NULL;
CREATE INDEX disclosure_day ON disclosure (day);

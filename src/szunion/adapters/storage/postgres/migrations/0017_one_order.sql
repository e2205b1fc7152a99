-- What is sorted is sorted alike on both engines: text is in the order of its code points.

ALTER TABLE restored ALTER COLUMN note TYPE TEXT COLLATE "C";

ALTER TABLE disclosure
    ALTER COLUMN kind TYPE TEXT COLLATE "C",
    ALTER COLUMN actor TYPE TEXT COLLATE "C",
    ALTER COLUMN role TYPE TEXT COLLATE "C",
    ALTER COLUMN purpose TYPE TEXT COLLATE "C",
    ALTER COLUMN day TYPE TEXT COLLATE "C",
    ALTER COLUMN what TYPE TEXT COLLATE "C",
    ALTER COLUMN reason TYPE TEXT COLLATE "C";

ALTER TABLE disclosure_count
    ALTER COLUMN actor TYPE TEXT COLLATE "C",
    ALTER COLUMN day TYPE TEXT COLLATE "C",
    ALTER COLUMN kind TYPE TEXT COLLATE "C";

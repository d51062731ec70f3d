-- The most that a meter may carry, where nobody filed it: no number, and no rule accuses anybody by it.

ALTER TABLE meter ALTER COLUMN max_current_a DROP NOT NULL;
UPDATE meter SET max_current_a = NULL WHERE max_current_a = 'infinity';

-- Exactly which records the retention has dropped, and a MAC by which audit-verify believes it (src/docs/audit.md). Rows
-- of the kind HEAD have none of these.

-- The first record of the range, whose last one is seq.
alter table audit_checkpoint add column first_seq bigint;
-- The hash of the record before the first.
alter table audit_checkpoint add column previous_hash bytea;
-- The day that was dropped.
alter table audit_checkpoint add column day date;
-- Names the MAC key; null: nothing authenticates the row.
alter table audit_checkpoint add column key_id text;
alter table audit_checkpoint add column mac bytea;

-- Until when the intent of a KEK is its broker's; that one prolongs it while it waits for KMS. Null in intents of a version
-- that knows no lease, and of no meaning once the KEK is generated.
alter table kek add column lease_end timestamptz;

-- When the keystore is deleted: the latest time at which one of its KEKs is destroyed. Null if no deletion is scheduled.
-- The row stays afterwards, so that the name is not used again while audit records and wrapped DEKs have it.
alter table keystore add column delete_time timestamptz;

-- The state that the KEK returns to if the deletion of its keystore is cancelled. Null if none is scheduled.
alter table kek add column state_before_deletion text;

-- When a KEK was last used, in the days from now on. Not in those that exist: building it would hold up their appends.
create index audit_record_kek on only audit_record (kek, action, time) where outcome = 'GRANTED' and kek is not null;

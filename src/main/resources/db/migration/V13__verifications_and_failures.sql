-- The last result of a verification, in the days from now on. Not in those that exist: building it would hold up their
-- appends.
create index audit_record_verification on only audit_record (time, chain) where action = 'VerifyChains';

-- The first failure of the root key since it worked. Counts only with an error_time: versions that do not know this column
-- clear that alone.
alter table keystore add column error_since timestamptz;

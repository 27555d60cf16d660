-- The days of the audit trail, for a broker whose role owns no table: it may make a day, and drop one that the owner's
-- retention lets go, by these functions alone. They run with the owner's rights and take nothing but a date.

-- At most one row, which the owner alone writes (postgres.ServiceRole). Without it only the owner drops days.
create table audit_retention (
  single  boolean primary key default true check (single),
  seconds bigint not null check (seconds >= 86400)
);

create function audit_make_day(day date) returns void
  language plpgsql security definer set search_path = "${flyway:defaultSchema}", pg_temp
as $$
declare
  part   text := 'audit_record_' || to_char(day, 'YYYYMMDD');
  begins text := to_char(day, 'YYYY-MM-DD') || 'T00:00:00Z';
  ends   text := to_char(day + 1, 'YYYY-MM-DD') || 'T00:00:00Z';
  move   text := format(
    'with moved as (delete from audit_record_default where time >= %L and time < %L returning *)'
      ' insert into %I select * from moved', begins, ends, part);
begin
  execute format('create table %I (like audit_record including all)', part);
  execute move;
  -- Appends wait here, before they are routed: one that waited for the default partition would fail, since the day is no
  -- longer in it.
  lock table only audit_record in share row exclusive mode;
  execute move;
  execute format('alter table audit_record attach partition %I for values from (%L) to (%L)', part, begins, ends);
end
$$;

-- Lets nothing come into the day any more until the transaction ends; it can still be read.
create function audit_hold_day(day date) returns void
  language plpgsql security definer set search_path = "${flyway:defaultSchema}", pg_temp
as $$
begin
  execute format('lock table %I in share mode', 'audit_record_' || to_char(day, 'YYYYMMDD'));
end
$$;

create function audit_drop_day(day date) returns void
  language plpgsql security definer set search_path = "${flyway:defaultSchema}", pg_temp
as $$
declare
  ends timestamptz := (day + 1)::timestamp at time zone 'UTC';
  kept bigint := (select seconds from audit_retention);
begin
  -- The owner is bound by the broker's own setting alone.
  if session_user <> current_user and (kept is null or ends > now() - make_interval(secs => kept)) then
    raise exception 'the audit records of % are within the retention that the schema''s owner has set', day
      using errcode = 'insufficient_privilege',
      hint = 'keybroker.audit.retention is shorter than when the schema was last migrated: migrate again';
  end if;
  execute format('drop table %I', 'audit_record_' || to_char(day, 'YYYYMMDD'));
  delete from audit_checkpoint where kind = 'HEAD' and time < ends;
end
$$;

revoke all on function audit_make_day(date) from public;
revoke all on function audit_hold_day(date) from public;
revoke all on function audit_drop_day(date) from public;

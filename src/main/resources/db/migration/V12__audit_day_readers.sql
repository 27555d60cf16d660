-- A reader that had planned its query before a day was attached, and took its snapshot after that, saw the records neither
-- in the default partition nor in the day's (V6). It now waits before it plans.
create or replace function audit_make_day(day date) returns void
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
  -- longer in it. So do reads, before they list the partitions: one that waited for the default partition would have listed
  -- them without the day. Those that run end first.
  lock table only audit_record in access exclusive mode;
  execute move;
  execute format('alter table audit_record attach partition %I for values from (%L) to (%L)', part, begins, ends);
end
$$;

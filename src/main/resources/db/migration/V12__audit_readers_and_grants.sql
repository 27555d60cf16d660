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

-- The grants by which a private key was decrypted that is erased by now. A broker looks at each from time to time, and
-- retires it once nothing needs it.
create table grant_retirement (
  root_key_arn text not null,
  grant_id     text not null,
  tenant       text not null,
  keystore     text not null,
  -- When a broker is to look at it next.
  attempt_time timestamptz not null default now(),
  -- Failed attempts to retire it.
  failures     int not null default 0,
  primary key (root_key_arn, grant_id)
);

create index grant_retirement_due on grant_retirement (attempt_time);

-- Takes the name of the column that has the id of the KEK.
create function grant_less_needed() returns trigger
  language plpgsql security definer set search_path = "${flyway:defaultSchema}", pg_temp
as $$
begin
  insert into grant_retirement (root_key_arn, grant_id, tenant, keystore)
    select old.root_key_arn, old.grant_id, tenant, keystore from kek
    where id = (to_jsonb(old) ->> tg_argv[0])::uuid
    on conflict do nothing;
  return null;
end
$$;

revoke all on function grant_less_needed() from public;

create trigger kek_grant_less_needed after update on kek for each row
  when (old.grant_id is not null and old.encrypted_private_key is not null and new.encrypted_private_key is null)
  execute function grant_less_needed('id');

create trigger former_grant_less_needed after update on former_private_key for each row
  when (old.grant_id is not null and old.encrypted_private_key is not null
    and (new.encrypted_private_key is null or new.grant_id is distinct from old.grant_id))
  execute function grant_less_needed('kek');

-- Those of keystores that were deleted before. Replaces grants_retired, which older versions use.
insert into grant_retirement (root_key_arn, grant_id, tenant, keystore)
  select root_key_arn, grant_id, tenant, keystore from kek where grant_id is not null and state = 'DESTROYED'
  on conflict do nothing;

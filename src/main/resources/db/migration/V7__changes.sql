-- The feed of changes: what brokers have to read again (src/docs/decisions/0017-feed-of-changes.md). Triggers write it, so
-- that a change is in it whichever version or person made it.

-- xid is the transaction that made the change. Readers compare it with their last snapshot, so that a transaction that
-- commits late is not missed.
create table kek_change (
  xid      xid8 not null,
  tenant   text not null,
  keystore text not null,
  -- Null: a setting of the keystore.
  kek      uuid
);

create index kek_change_xid on kek_change (xid);

create function kek_change_note() returns trigger
  language plpgsql security definer set search_path = "${flyway:defaultSchema}", pg_temp
as $$
declare
  changed record := coalesce(new, old);
begin
  if tg_table_name = 'kek' then
    insert into kek_change values (pg_current_xact_id(), changed.tenant, changed.keystore, changed.id);
  else
    insert into kek_change values (pg_current_xact_id(), changed.tenant, changed.id, null);
  end if;
  return null;
end
$$;

revoke all on function kek_change_note() from public;

-- Intents, and renewals of their leases, are of no interest to readers.
create trigger kek_update_noted after update on kek for each row
  when (old.state <> 'PENDING_GENERATION' or new.state <> 'PENDING_GENERATION')
  execute function kek_change_note();

create trigger kek_insert_noted after insert on kek for each row
  when (new.state <> 'PENDING_GENERATION')
  execute function kek_change_note();

create trigger kek_delete_noted after delete on kek for each row
  execute function kek_change_note();

-- Each change of a setting raises the version; rotations and errors change only other columns.
create trigger keystore_update_noted after update on keystore for each row
  when (old.version <> new.version
    or old.on_kms_outage <> new.on_kms_outage
    or old.private_kek_lifetime_millis <> new.private_kek_lifetime_millis)
  execute function kek_change_note();

create trigger keystore_delete_noted after delete on keystore for each row
  execute function kek_change_note();

-- Re-encryption of private keys under another root key (src/docs/decisions/0022-re-encryption.md).

-- A move of a keystore's private keys, with where they are moved to. An alias in root_key_arn is replaced by the key that
-- it points to at the first use.
create table re_encryption (
  id               uuid primary key,
  tenant           text not null,
  keystore         text not null,
  request_id       text,
  state            text not null check (state in ('IN_PROGRESS', 'COMPLETED', 'FAILED')),
  root_key_arn     text not null,
  role_arn         text,
  external_id      text,
  grant_id         text,
  kms_context      text not null,
  total            int not null,
  done             int not null,
  failed           int not null,
  error_code       text,
  error_action     text,
  error_message    text,
  error_hint       text,
  error_request_id text,
  error_time       timestamptz,
  start_time       timestamptz not null,
  end_time         timestamptz,
  -- When the last private key was replaced; null if none was.
  change_time      timestamptz,
  -- The ARNs of released root keys, separated by spaces.
  released         text not null default '',
  -- When a broker is to work on it: the end of the lease of the broker that does, or the time of the next attempt after a
  -- failure. Null once it has ended.
  attempt_time     timestamptz,
  -- Failed attempts since the last success.
  failures         int not null default 0,
  -- Whether it is the last one of its keystore. Not a column of keystore: versions without it read all columns there.
  latest           boolean not null,
  foreign key (tenant, keystore) references keystore (tenant, id),
  check ((state = 'IN_PROGRESS') = (end_time is null)),
  check ((state = 'IN_PROGRESS') = (attempt_time is not null))
);

create unique index re_encryption_one on re_encryption (tenant, keystore) where state = 'IN_PROGRESS';
create unique index re_encryption_latest on re_encryption (tenant, keystore) where latest;
create unique index re_encryption_request on re_encryption (tenant, keystore, request_id) where request_id is not null;
create index re_encryption_due on re_encryption (attempt_time) where attempt_time is not null;

-- The re-encryption that could not move this KEK, so that it does not try again.
alter table kek add column re_encryption_failed uuid;

-- A private key as it was before a re-encryption, with the use of the KMS key that encrypts it.
create table former_private_key (
  kek                   uuid not null references kek (id) on delete cascade,
  root_key_arn          text not null,
  role_arn              text,
  external_id           text,
  grant_id              text,
  kms_context           text not null,
  -- Null once the waiting period is over or the KEK is destroyed. The row then only says which grant was used.
  encrypted_private_key bytea,
  -- When it is erased; null until a re-encryption of the keystore is completed.
  erase_time            timestamptz,
  primary key (kek, root_key_arn, kms_context)
);

create index former_private_key_due on former_private_key (erase_time)
  where encrypted_private_key is not null and erase_time is not null;

-- Whoever destroys a KEK destroys its former ciphertexts with it, versions that do not know of them included.
create function kek_erase_former() returns trigger
  language plpgsql security definer set search_path = "${flyway:defaultSchema}", pg_temp
as $$
begin
  update former_private_key set encrypted_private_key = null where kek = new.id;
  return null;
end
$$;

revoke all on function kek_erase_former() from public;

create trigger kek_former_erased after update on kek for each row
  when (new.encrypted_private_key is null and old.encrypted_private_key is not null)
  execute function kek_erase_former();

-- The deleted keystores whose grants were retired.
create table grants_retired (
  tenant   text not null,
  keystore text not null,
  primary key (tenant, keystore),
  foreign key (tenant, keystore) references keystore (tenant, id)
);

create index keystore_deleted on keystore (delete_time) where delete_time is not null;

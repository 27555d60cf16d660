-- The audit trail (src/docs/audit.md). No checks on what a record says: an insert must never fail for its content.

-- One chain of records for each run of a broker.
create table audit_chain (
  id         uuid primary key,
  -- Names the MAC key of its hashes; null: SHA-256 without a key.
  key_id     text,
  start_time timestamptz not null,
  -- The last record. Every append compares and moves it in one statement, so that a statement which arrives late appends
  -- to nothing else than it was made for.
  head_seq   bigint not null,
  head_hash  bytea not null,
  head_time  timestamptz not null
);

create table audit_record (
  chain          uuid not null,
  seq            bigint not null,
  time           timestamptz not null,
  previous_hash  bytea not null,
  hash           bytea not null,
  action         text not null,
  -- Both null where it is the broker itself.
  caller_kind    text,
  caller         text,
  tenant         text,
  keystore       text,
  kek            uuid,
  destination    text,
  context_digest bytea,
  context_values jsonb,
  peer           text,
  trace_id       text,
  kms_request_id text,
  outcome        text not null,
  reason         text,
  -- Of a correction: the record that it corrects.
  refers_to      bigint not null,
  primary key (chain, seq, time)
) partition by range (time);

create index audit_record_tenant on audit_record (tenant, time, chain, seq);
create index audit_record_context on audit_record using gin (context_values jsonb_path_ops) where context_values is not null;
create index audit_record_exception on audit_record (tenant, time, chain, seq) where outcome <> 'GRANTED';

-- One partition a day is made ahead (audit.postgres.AuditPartitions); what comes before it is there waits here.
create table audit_record_default partition of audit_record default;

create table audit_checkpoint (
  chain uuid not null,
  seq   bigint not null,
  hash  bytea not null,
  time  timestamptz not null,
  -- HEAD: the chain went so far at that time. DROPPED: retention has dropped records up to this one.
  kind  text not null,
  primary key (chain, kind, seq)
);

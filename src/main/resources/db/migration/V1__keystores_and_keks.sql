-- Tenants, keystores and KEKs. Rules of change: src/docs/decisions/0004-schema.md.

create table tenant (
  id          text primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  -- 128 random bits made by the broker, one per tenant, never reused (sts:ExternalId).
  external_id text not null unique,
  create_time timestamptz not null
);

create table keystore (
  tenant                      text not null references tenant (id),
  id                          text not null check (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  display_name                text not null,
  root_key_kind               text not null check (root_key_kind in ('AWS_KMS', 'BROKER_MANAGED')),
  -- A key ARN or an alias ARN, as the tenant's administrator gave it. Null where BROKER_MANAGED.
  kms_key_arn                 text,
  role_arn                    text,
  key_pair_spec               text not null,
  rotation_period             text not null check (rotation_period in ('NEVER', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY')),
  private_kek_lifetime_millis bigint not null check (private_kek_lifetime_millis between 0 and 900000),
  on_kms_outage               text not null check (on_kms_outage in ('WRAP_WITH_LAST_KNOWN_KEK', 'FAIL_CLOSED')),
  version                     bigint not null,
  create_time                 timestamptz not null,
  update_time                 timestamptz not null,
  -- By the rotation period; null where that is NEVER.
  next_rotation_time          timestamptz,
  -- The next KEK is due whatever the period says: there is none yet, or the root key or the spec changed.
  kek_wanted                  boolean not null,
  -- When a broker is to make the next KEK: at first the due time, then the time that was reserved for it, the end of the
  -- lease of the broker that is at it, or the time of the next attempt after a failure. Null where none is due.
  rotation_attempt_time       timestamptz,
  -- Whether rotation_attempt_time was reserved against the quota of KMS.
  rotation_reserved           boolean not null default false,
  -- Failed attempts since the last success.
  rotation_failures           int not null default 0,
  -- The newest failure of the root key; all null once a later call succeeded.
  error_code                  text,
  error_action                text,
  error_message               text,
  error_hint                  text,
  error_request_id            text,
  error_time                  timestamptz,
  primary key (tenant, id),
  check ((root_key_kind = 'AWS_KMS') = (kms_key_arn is not null))
);

create index keystore_rotation_due on keystore (rotation_attempt_time) where rotation_attempt_time is not null;

-- The rate of scheduled rotations, one row for each quota of KMS (account, region, kind of key pair), shared by all brokers.
create table kms_rate (
  quota     text primary key,
  -- When the next call may be made; what is reserved moves it on.
  free_time timestamptz not null
);

create table kek (
  id                    uuid primary key,
  tenant                text not null,
  keystore              text not null,
  state                 text not null check (state in
    ('PENDING_GENERATION', 'ACTIVE', 'RETIRED', 'DISABLED', 'DESTROY_SCHEDULED', 'DESTROYED')),
  spec                  text not null,
  origin                text not null check (origin in ('KMS_GENERATED', 'BROKER_GENERATED')),
  -- While PENDING_GENERATION what the keystore names (perhaps an alias); from then on the key ARN that KMS reported.
  root_key_arn          text not null,
  role_arn              text,
  external_id           text,
  -- The encryption context of every KMS call for this KEK (a JSON object of texts), as it was when the KEK was made.
  kms_context           text not null,
  -- SubjectPublicKeyInfo, DER.
  public_key            bytea,
  public_key_sha256     text,
  -- PKCS#8 DER under the root key. The only place where a private KEK is at rest.
  encrypted_private_key bytea,
  create_time           timestamptz not null,
  active_time           timestamptz,
  retire_time           timestamptz,
  destroy_time          timestamptz,
  foreign key (tenant, keystore) references keystore (tenant, id),
  check (state = 'PENDING_GENERATION' or (public_key is not null and public_key_sha256 is not null)),
  check (state in ('PENDING_GENERATION', 'DESTROYED') or encrypted_private_key is not null),
  check (state <> 'DESTROYED' or encrypted_private_key is null)
);

create unique index kek_one_active on kek (tenant, keystore) where state = 'ACTIVE';
create unique index kek_one_pending on kek (tenant, keystore) where state = 'PENDING_GENERATION';
create index kek_history on kek (tenant, keystore, create_time desc, id desc);
create index kek_pending on kek (create_time) where state = 'PENDING_GENERATION';
create index kek_destroy_due on kek (destroy_time) where state = 'DESTROY_SCHEDULED';

-- The request ids of changes of key: the same id again is the same KEK. Two requests at the same moment share one KEK.
create table kek_request (
  tenant     text not null,
  keystore   text not null,
  request_id text not null,
  kek        uuid not null references kek (id) on delete cascade,
  primary key (tenant, keystore, request_id)
);

create index kek_request_kek on kek_request (kek);

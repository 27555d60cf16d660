-- How much of each chain the Kinesis data stream has (src/docs/decisions/0023-audit-into-kinesis.md). Not in audit_chain,
-- whose rows every commit of records locks.
create table audit_delivery (
  chain      uuid primary key,
  -- The last record that was delivered; 0 if none.
  seq        bigint not null,
  -- Its time, or the start of the chain. The next records are searched around it, so that few days are read.
  time       timestamptz not null,
  -- The broker that delivers the chain, and for how long no other may.
  holder     uuid,
  held_until timestamptz not null
);

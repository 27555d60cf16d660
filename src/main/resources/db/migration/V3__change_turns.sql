-- Whose turn it is to change what makes a keystore's KEKs; such changes take turns across all brokers. Not bound to the
-- keystore's row: the turn of a creation comes before it.
create table change_turn (
  tenant   text not null,
  keystore text not null,
  holder   uuid not null,
  -- When the turn passes to another one, if its broker does not end it.
  end_time timestamptz not null,
  primary key (tenant, keystore)
);

-- Access by grant: the grant of a keystore's root key, and the one by which a KEK's private key is decrypted. Its token is
-- stored nowhere.
alter table keystore add column grant_id text;
alter table kek add column grant_id text;

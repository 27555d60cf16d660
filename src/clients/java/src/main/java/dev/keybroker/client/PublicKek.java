package dev.keybroker.client;

import java.time.Instant;

/**
 * The ACTIVE public KEK of a keystore.
 *
 * @param name {@code tenants/…/keystores/…/keks/{uuid}}
 * @param spki DER SubjectPublicKeyInfo
 * @param read when it was read
 * @param refresh when to read it again
 */
record PublicKek(String name, KeyPairSpec spec, byte[] spki, Instant read, Instant refresh) {}

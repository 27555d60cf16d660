/** Opens a DEK that the broker sealed to a key of this page (src/docs/sealed-deks.md). */

import {ascii, concat} from './header.js';

const INFO = ascii('keybroker/v1 sealed');
const POINT = 65;
const KEM = 0x0010;
const HKDF_SHA256 = 0x0001;
const AES_256_GCM = {id: 0x0002, keySize: 32};

/** Generates the key pair of a session. The private key cannot leave the page. */
export async function generateSessionKey() {
  const {privateKey, publicKey} = await crypto.subtle.generateKey({name: 'ECDH', namedCurve: 'P-256'}, false, [
    'deriveBits',
  ]);
  return {privateKey, publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey))};
}

/**
 * Opens a sealed DEK.
 *
 * @param sessionKey of generateSessionKey
 * @param kek the name of the KEK: that of the recording's header, or the broker's answer
 */
export async function unsealDek(sealedDek, sessionKey, kek) {
  return open(sealedDek, sessionKey, INFO, new TextEncoder().encode(kek), AES_256_GCM);
}

/** RFC 9180, base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, sequence number 0. For tests with any AES-GCM. */
export async function open(sealed, {privateKey, publicKey}, info, aad, aead) {
  const enc = sealed.subarray(0, POINT);
  const peer = await crypto.subtle.importKey('raw', enc, {name: 'ECDH', namedCurve: 'P-256'}, false, []);
  const dh = new Uint8Array(await crypto.subtle.deriveBits({name: 'ECDH', public: peer}, privateKey, 256));
  const kem = concat(ascii('KEM'), two(KEM));
  const suite = concat(ascii('HPKE'), two(KEM), two(HKDF_SHA256), two(aead.id));
  const none = new Uint8Array(0);
  const eaePrk = await extract(kem, none, 'eae_prk', dh);
  const shared = await expand(kem, eaePrk, 'shared_secret', concat(enc, publicKey), 32);
  const context = concat(
    Uint8Array.of(0), await extract(suite, none, 'psk_id_hash', none), await extract(suite, none, 'info_hash', info),
  );
  const secret = await extract(suite, shared, 'secret', none);
  const key = await expand(suite, secret, 'key', context, aead.keySize);
  const iv = await expand(suite, secret, 'base_nonce', context, 12);
  const gcm = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
  const plaintext = await crypto.subtle.decrypt(
    {name: 'AES-GCM', iv, additionalData: aad, tagLength: 128}, gcm, sealed.subarray(POINT),
  );
  return new Uint8Array(plaintext);
}

function two(value) {
  return Uint8Array.of(value >> 8, value);
}

async function hmac(key, message) {
  const algorithm = {name: 'HMAC', hash: 'SHA-256'};
  // An empty key is the same as one of zeros, and WebCrypto takes no empty one.
  const imported = await crypto.subtle.importKey('raw', key.length ? key : new Uint8Array(32), algorithm, false, [
    'sign',
  ]);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, message));
}

async function extract(suite, salt, label, ikm) {
  return hmac(salt, concat(ascii('HPKE-v1'), suite, ascii(label), ikm));
}

/** Of one block. */
async function expand(suite, prk, label, info, size) {
  const message = concat(two(size), ascii('HPKE-v1'), suite, ascii(label), info, Uint8Array.of(1));
  return (await hmac(prk, message)).subarray(0, size);
}

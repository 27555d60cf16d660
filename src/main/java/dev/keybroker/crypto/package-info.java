/// Owns the cryptography of a wrapped DEK: secret bytes, KEKs as key objects, the encapsulations,
/// the format and the encryption context's encoding.
///
/// May use the JCA and Amazon Corretto Crypto Provider only: no framework, no logging, no other
/// package of this service.
@NullMarked
package dev.keybroker.crypto;

import org.jspecify.annotations.NullMarked;

/// Owns bearer tokens: verifies JSON Web Tokens (RFC 7519) with the keys of one issuer, and keeps
/// those keys fresh.
///
/// May import `access` and `telemetry`; the only package that knows jose4j.
@NullMarked
package dev.keybroker.access.jwt;

import org.jspecify.annotations.NullMarked;

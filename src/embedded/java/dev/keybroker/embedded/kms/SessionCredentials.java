package dev.keybroker.embedded.kms;

import java.time.Instant;

/// The temporary credentials of a role's session.
public record SessionCredentials(
    String accessKeyId, String secretAccessKey, String sessionToken, Instant expiration) {

  @Override
  public String toString() {
    return "SessionCredentials[" + accessKeyId + ", " + expiration + "]";
  }
}

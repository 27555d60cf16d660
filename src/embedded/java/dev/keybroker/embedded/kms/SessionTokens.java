package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Session tokens that carry their session, sealed: a session needs no state and lives through a
/// restart, as it does in AWS.
final class SessionTokens {

  private static final int NONCE_BYTES = 12;
  private static final int CACHED = 10_000;

  private final SecretKeySpec key;
  private final ConcurrentMap<String, Session> opened = new ConcurrentHashMap<>();

  SessionTokens(byte[] sealingKey) {
    key = new SecretKeySpec(sealingKey, "AES");
  }

  String seal(Session session) {
    ObjectNode json =
        Json.object()
            .put("id", session.accessKeyId())
            .put("secret", session.secretAccessKey())
            .put("role", session.roleArn())
            .put("roleId", session.roleId())
            .put("name", session.sessionName())
            .put("policy", session.policy())
            .put("issued", session.issued().toEpochMilli())
            .put("expires", session.expires().toEpochMilli());
    json.set("tags", Json.tree(session.tags().all()));
    json.set("transitive", Json.tree(session.tags().transitive()));
    byte[] nonce = RandomBytes.next(NONCE_BYTES);
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(128, nonce));
      byte[] content = Json.bytes(json);
      byte[] sealed = new byte[NONCE_BYTES + cipher.getOutputSize(content.length)];
      System.arraycopy(nonce, 0, sealed, 0, NONCE_BYTES);
      cipher.doFinal(content, 0, content.length, sealed, NONCE_BYTES);
      return Base64.getEncoder().encodeToString(sealed);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// The session that the token seals, expired or not; null if the token is not one of ours.
  @Nullable Session open(String token) {
    Session known = opened.get(token);
    if (known != null) {
      return known;
    }
    Session session = decrypt(token);
    if (session != null) {
      if (opened.size() >= CACHED) {
        opened.clear();
      }
      opened.put(token, session);
    }
    return session;
  }

  private @Nullable Session decrypt(String token) {
    try {
      byte[] sealed = Base64.getDecoder().decode(token);
      if (sealed.length <= NONCE_BYTES) {
        return null;
      }
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(128, sealed, 0, NONCE_BYTES));
      JsonNode json = Json.parse(cipher.doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES));
      JsonNode policy = json.path("policy");
      return new Session(
          json.path("id").asText(),
          json.path("secret").asText(),
          json.path("role").asText(),
          json.path("roleId").asText(),
          json.path("name").asText(),
          policy.isTextual() ? policy.asText() : null,
          new SessionTags(
              KmsRequest.pairs(json.path("tags")), KmsRequest.pairs(json.path("transitive"))),
          Instant.ofEpochMilli(json.path("issued").asLong()),
          Instant.ofEpochMilli(json.path("expires").asLong()));
    } catch (IllegalArgumentException | GeneralSecurityException | IOException e) {
      return null;
    }
  }
}

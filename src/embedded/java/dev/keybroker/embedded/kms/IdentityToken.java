package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The token of an OIDC issuer (a JSON Web Token) that a web identity shows to STS.
///
/// @param authorizedParty the claim `azp`; null if there is none
/// @param signed the part that the signature is of
@SuppressWarnings("ArrayRecordComponent") // never compared
record IdentityToken(
    String issuer,
    String subject,
    List<String> audiences,
    @Nullable String authorizedParty,
    Instant expires,
    String algorithm,
    String keyId,
    byte[] signed,
    byte[] signature) {

  /// The signatures that AWS accepts, by their names in tokens and in the JDK.
  private static final Map<String, String> ALGORITHMS =
      Map.of(
          "RS256", "SHA256withRSA",
          "RS384", "SHA384withRSA",
          "RS512", "SHA512withRSA",
          "ES256", "SHA256withECDSAinP1363Format",
          "ES384", "SHA384withECDSAinP1363Format",
          "ES512", "SHA512withECDSAinP1363Format");

  /// Reads a token and believes nothing of it.
  ///
  /// @throws AwsException (InvalidIdentityToken) if it is no token, or lacks a claim that AWS
  ///     requires
  static IdentityToken parse(String text) {
    String[] parts = text.split("\\.", -1);
    try {
      if (parts.length != 3) {
        throw new IOException("not three parts");
      }
      JsonNode header = Json.parse(decode(parts[0]));
      JsonNode claims = Json.parse(decode(parts[1]));
      List<String> audiences = new ArrayList<>();
      JsonNode aud = claims.path("aud");
      (aud.isArray() ? aud : List.of(aud)).forEach(one -> audiences.add(one.asText()));
      for (String claim : List.of("iss", "sub", "aud", "exp", "iat")) {
        if (!claims.hasNonNull(claim)) {
          throw invalid("Missing a required claim: " + claim);
        }
      }
      return new IdentityToken(
          claims.path("iss").asText(),
          claims.path("sub").asText(),
          List.copyOf(audiences),
          claims.hasNonNull("azp") ? claims.path("azp").asText() : null,
          Instant.ofEpochSecond(claims.path("exp").asLong()),
          header.path("alg").asText(),
          header.path("kid").asText(),
          (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII),
          decode(parts[2]));
    } catch (IOException | IllegalArgumentException e) {
      throw invalid("The ID Token provided is not a valid JWT.");
    }
  }

  /// Whether the holder of the private key signed it, by an algorithm of that kind of key.
  boolean isSignedBy(PublicKey key) {
    String name = ALGORITHMS.get(algorithm);
    if (name == null) {
      return false;
    }
    try {
      Signature verifier = Signature.getInstance(name);
      verifier.initVerify(key);
      verifier.update(signed);
      return verifier.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /// What the condition key `aud` compares: the authorized party if the token names one.
  List<String> parties() {
    return authorizedParty == null ? audiences : List.of(authorizedParty);
  }

  static AwsException invalid(String message) {
    return new AwsException("InvalidIdentityToken", message);
  }

  private static byte[] decode(String part) {
    return Base64.getUrlDecoder().decode(part);
  }
}

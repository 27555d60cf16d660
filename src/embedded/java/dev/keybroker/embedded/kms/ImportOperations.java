package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.MGF1ParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;

/// GetParametersForImport, ImportKeyMaterial and DeleteImportedKeyMaterial, for symmetric keys with
/// material that does not expire.
final class ImportOperations {

  private static final Duration VALID = Duration.ofHours(24);
  private static final int MATERIAL_BYTES = 32;
  private static final int MAX_BLOB_BYTES = 6144;
  private static final int MAX_TOKEN_BYTES = 6144;

  private final LocalState state;
  private final KeyFinder finder;
  private final KmsAccess access;
  private final Materials materials;
  private final InstantSource clock;
  private final ConcurrentMap<String, Parameters> parameters = new ConcurrentHashMap<>();

  /// What an import token stands for.
  private record Parameters(
      String keyArn, PrivateKey privateKey, String algorithm, Instant validTo) {}

  ImportOperations(
      LocalState state,
      KeyFinder finder,
      KmsAccess access,
      Materials materials,
      InstantSource clock) {
    this.state = state;
    this.finder = finder;
    this.access = access;
    this.materials = materials;
    this.clock = clock;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put("GetParametersForImport", this::parameters);
    operations.put("ImportKeyMaterial", this::importMaterial);
    operations.put("DeleteImportedKeyMaterial", this::delete);
  }

  private ObjectNode parameters(KmsRequest request) {
    KmsKey key = key(request);
    String algorithm = request.required("WrappingAlgorithm");
    if (!algorithm.equals("RSAES_OAEP_SHA_1") && !algorithm.equals("RSAES_OAEP_SHA_256")) {
      throw KmsErrors.unsupported("The wrapping algorithm " + algorithm + " is not supported.");
    }
    int bits =
        switch (request.required("WrappingKeySpec")) {
          case "RSA_2048" -> 2048;
          case "RSA_3072" -> 3072;
          case "RSA_4096" -> 4096;
          default -> throw KmsErrors.unsupported("The wrapping key spec is not supported.");
        };
    byte[] token = RandomBytes.next(MATERIAL_BYTES);
    KeyPair pair = pair(bits);
    Instant validTo = clock.instant().plus(VALID);
    parameters.put(
        Base64.getEncoder().encodeToString(token),
        new Parameters(key.arn(), pair.getPrivate(), algorithm, validTo));
    return Json.object()
        .put("KeyId", key.arn())
        .put("ImportToken", token)
        .put("PublicKey", pair.getPublic().getEncoded())
        .put("ParametersValidTo", Json.seconds(validTo));
  }

  private ObjectNode importMaterial(KmsRequest request) {
    KmsKey key = key(request);
    byte[] token = request.blob("ImportToken", MAX_TOKEN_BYTES);
    byte[] encrypted = request.blob("EncryptedKeyMaterial", MAX_BLOB_BYTES);
    if (!request
        .text("ExpirationModel", "KEY_MATERIAL_EXPIRES")
        .equals("KEY_MATERIAL_DOES_NOT_EXPIRE")) {
      throw KmsErrors.unsupported("Key material that expires is not supported.");
    }
    Parameters known = parameters.get(Base64.getEncoder().encodeToString(token));
    if (known == null || !known.keyArn().equals(key.arn())) {
      throw new AwsException("InvalidImportTokenException", "");
    }
    if (!clock.instant().isBefore(known.validTo())) {
      throw new AwsException("ExpiredImportTokenException", "");
    }
    byte[] material = decrypt(known, encrypted);
    if (material.length != MATERIAL_BYTES) {
      throw new AwsException("IncorrectKeyMaterialException", "");
    }
    state.change(
        () -> {
          materials.take(key, material);
          return state.keys.computeIfPresent(key.arn(), (arn, now) -> now.enabled(true));
        });
    return Json.object().put("KeyId", key.arn());
  }

  private ObjectNode delete(KmsRequest request) {
    KmsKey key = key(request);
    state.change(
        () ->
            state.keys.computeIfPresent(
                key.arn(), (arn, now) -> now.with(KeyState.PENDING_IMPORT, null, null)));
    return Json.object().put("KeyId", key.arn());
  }

  private KmsKey key(KmsRequest request) {
    KmsKey key = finder.findByKey(request, request.required("KeyId"));
    access.checkOwn(request, key);
    KeyChecks.notPendingDeletion(key);
    if (!key.attributes().imported()) {
      throw KmsErrors.originNotValid(key.arn(), key.attributes().origin());
    }
    return key;
  }

  private static KeyPair pair(int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] decrypt(Parameters known, byte[] encrypted) {
    String digest = known.algorithm().equals("RSAES_OAEP_SHA_1") ? "SHA-1" : "SHA-256";
    AlgorithmParameterSpec oaep =
        new OAEPParameterSpec(
            digest, "MGF1", new MGF1ParameterSpec(digest), PSource.PSpecified.DEFAULT);
    try {
      Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
      cipher.init(Cipher.DECRYPT_MODE, known.privateKey(), oaep);
      return cipher.doFinal(encrypted);
    } catch (GeneralSecurityException e) {
      throw KmsErrors.invalidCiphertext();
    }
  }
}

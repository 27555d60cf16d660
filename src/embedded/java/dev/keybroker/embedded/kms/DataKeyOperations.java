package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.KeyPair;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// GenerateDataKey and GenerateDataKeyPair, with the plaintext and without it.
final class DataKeyOperations {

  private static final int MAX_BYTES = 1024;

  private final KeyFinder finder;
  private final KmsAccess access;
  private final Materials materials;

  DataKeyOperations(KeyFinder finder, KmsAccess access, Materials materials) {
    this.finder = finder;
    this.access = access;
    this.materials = materials;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put("GenerateDataKey", request -> dataKey(request, true));
    operations.put("GenerateDataKeyWithoutPlaintext", request -> dataKey(request, false));
    operations.put("GenerateDataKeyPair", request -> dataKeyPair(request, true));
    operations.put("GenerateDataKeyPairWithoutPlaintext", request -> dataKeyPair(request, false));
  }

  private ObjectNode dataKey(KmsRequest request, boolean withPlaintext) {
    int length = length(request);
    Map<String, String> context = request.pairs("EncryptionContext");
    KmsKey key = usableKey(request, context);
    request.endDryRun();
    byte[] dataKey = RandomBytes.next(length);
    ObjectNode answer =
        Json.object()
            .put("KeyId", key.arn())
            .put("CiphertextBlob", materials.encrypt(key, context, dataKey));
    return withPlaintext ? answer.put("Plaintext", dataKey) : answer;
  }

  private ObjectNode dataKeyPair(KmsRequest request, boolean withPlaintext) {
    String spec = request.required("KeyPairSpec");
    Map<String, String> context = request.pairs("EncryptionContext");
    KmsKey key = usableKey(request, context);
    if (key.attributes().inCustomKeyStore()) {
      throw KmsErrors.originNotValid(key.arn(), key.attributes().origin());
    }
    DataKeyPairs.check(spec);
    request.endDryRun();
    KeyPair pair = DataKeyPairs.generate(spec);
    byte[] privateKey = pair.getPrivate().getEncoded();
    ObjectNode answer =
        Json.object()
            .put("KeyId", key.arn())
            .put("KeyPairSpec", spec)
            .put("PublicKey", pair.getPublic().getEncoded())
            .put("PrivateKeyCiphertextBlob", materials.encrypt(key, context, privateKey));
    if (withPlaintext) {
      answer.put("PrivateKeyPlaintext", privateKey);
    } else {
      Arrays.fill(privateKey, (byte) 0);
    }
    return answer;
  }

  private KmsKey usableKey(KmsRequest request, Map<String, String> context) {
    KeyFinder.Found found = finder.find(request, request.required("KeyId"));
    access.check(request, request.operation(), found, context);
    return KeyChecks.usableForEncryption(found.key(), request.operation());
  }

  private static int length(KmsRequest request) {
    @Nullable String spec = request.text("KeySpec");
    if (request.has("NumberOfBytes") == (spec != null)) {
      throw KmsErrors.validation("Please specify either number of bytes or key spec.");
    }
    if (spec == null) {
      return request.number("NumberOfBytes", 0, 1, MAX_BYTES);
    }
    return switch (spec) {
      case "AES_128" -> 16;
      case "AES_256" -> 32;
      default ->
          throw KmsErrors.constraint(
              "keySpec", "Member must satisfy enum value set: [AES_256, AES_128]");
    };
  }
}

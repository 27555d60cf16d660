package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/// GenerateRandom.
final class RandomOperations {

  private static final int MAX_BYTES = 1024;

  private final KmsAccess access;

  RandomOperations(KmsAccess access) {
    this.access = access;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put("GenerateRandom", this::generate);
  }

  private ObjectNode generate(KmsRequest request) {
    access.checkIdentity(request, "*");
    if (!request.has("NumberOfBytes")) {
      throw KmsErrors.validation("Please specify number of bytes.");
    }
    int length = request.number("NumberOfBytes", 0, 1, MAX_BYTES);
    return Json.object().put("Plaintext", RandomBytes.next(length));
  }
}

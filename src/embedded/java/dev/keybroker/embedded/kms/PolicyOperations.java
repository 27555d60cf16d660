package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/// GetKeyPolicy, PutKeyPolicy and ListKeyPolicies.
final class PolicyOperations {

  private static final String ONLY_NAME = "default";
  private static final int MAX_BYTES = 32768;

  private final LocalState state;
  private final KeyFinder finder;
  private final KmsAccess access;

  PolicyOperations(LocalState state, KeyFinder finder, KmsAccess access) {
    this.state = state;
    this.finder = finder;
    this.access = access;
  }

  void register(Map<String, KmsOperation> operations) {
    operations.put("GetKeyPolicy", this::get);
    operations.put("PutKeyPolicy", this::put);
    operations.put("ListKeyPolicies", this::list);
  }

  private ObjectNode get(KmsRequest request) {
    KmsKey key = key(request);
    return Json.object().put("Policy", key.policy()).put("PolicyName", ONLY_NAME);
  }

  private ObjectNode put(KmsRequest request) {
    String policy = request.required("Policy");
    if (policy.length() > MAX_BYTES) {
      throw KmsErrors.constraint(
          "policy", "Member must have length less than or equal to " + MAX_BYTES);
    }
    KmsKey key = key(request);
    PolicyCheck.resourcePolicy(state, policy, KmsErrors::malformedPolicy);
    checkLockout(request, access, key, policy);
    state.change(
        () -> state.keys.computeIfPresent(key.arn(), (arn, now) -> now.withPolicy(policy)));
    return Json.object();
  }

  private ObjectNode list(KmsRequest request) {
    key(request);
    ObjectNode answer = Json.object().put("Truncated", false);
    answer.putArray("PolicyNames").add(ONLY_NAME);
    return answer;
  }

  /// Refuses a policy under which its author could not change it again, unless the request bypasses
  /// this check.
  static void checkLockout(KmsRequest request, KmsAccess access, KmsKey key, String policy) {
    if (request.flag("BypassPolicyLockoutSafetyCheck")) {
      return;
    }
    KeyFinder.Found found = new KeyFinder.Found(key, null);
    if (!access.keyPolicyAllows(request, "PutKeyPolicy", found, policy)) {
      throw KmsErrors.malformedPolicy(
          "The new key policy will not allow you to update the key policy in the future.");
    }
  }

  private KmsKey key(KmsRequest request) {
    KmsKey key = finder.findByKey(request, request.required("KeyId"));
    if (!request.text("PolicyName", ONLY_NAME).equals(ONLY_NAME)) {
      throw new AwsException("NotFoundException", "No such policy exists");
    }
    access.checkOwn(request, key);
    return key;
  }
}

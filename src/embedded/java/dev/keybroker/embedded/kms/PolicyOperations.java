package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.regex.Pattern;

/// GetKeyPolicy, PutKeyPolicy and ListKeyPolicies.
final class PolicyOperations {

  private static final String ONLY_NAME = "default";
  private static final int MAX_BYTES = 32768;

  /// The characters that policies are written in. Typographic quotes are none of them.
  private static final Pattern CHARACTERS =
      Pattern.compile("[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+");

  private final LocalState state;
  private final KeyFinder finder;
  private final KmsAccess access;

  PolicyOperations(LocalState state, KeyFinder finder, KmsAccess access) {
    this.state = state;
    this.finder = finder;
    this.access = access;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put("GetKeyPolicy", this::get);
    operations.put("PutKeyPolicy", this::put);
    operations.put("ListKeyPolicies", this::list);
  }

  private ObjectNode get(KmsRequest request) {
    KmsKey key = key(request);
    return Json.object()
        .put("Policy", key.policy().shown(state.entityIds()))
        .put("PolicyName", ONLY_NAME);
  }

  private ObjectNode put(KmsRequest request) {
    String document = request.required("Policy");
    KmsKey key = key(request);
    ResourcePolicy policy = checked(state, document);
    checkLockout(request, access, key, policy);
    state.change(
        () -> {
          state.consistency.keyPolicies.change(key.arn(), key.policy());
          return state.keys.computeIfPresent(key.arn(), (arn, now) -> now.withPolicy(policy));
        });
    return Json.object();
  }

  private ObjectNode list(KmsRequest request) {
    key(request);
    ObjectNode answer = Json.object().put("Truncated", false);
    answer.putArray("PolicyNames").add(ONLY_NAME);
    return answer;
  }

  /// A document as a key policy.
  ///
  /// @throws AwsException if it cannot be one
  static ResourcePolicy checked(LocalState state, String document) {
    if (!CHARACTERS.matcher(document).matches()) {
      throw KmsErrors.constraint(
          "policy", "Member must satisfy regular expression pattern: " + CHARACTERS);
    }
    if (document.length() > MAX_BYTES) {
      throw new AwsException(
          "LimitExceededException", "The policy is longer than " + MAX_BYTES + " bytes.");
    }
    return new PolicyCheck(state, KmsErrors::malformedPolicy).keyPolicy(document);
  }

  /// Refuses a policy under which its author could not change it again, unless the request bypasses
  /// this check.
  static void checkLockout(
      KmsRequest request, KmsAccess access, KmsKey key, ResourcePolicy policy) {
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

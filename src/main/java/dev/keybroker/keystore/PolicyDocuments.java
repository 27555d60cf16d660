package dev.keybroker.keystore;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/// IAM policies for one tenant, as indented JSON.
///
/// AWS evaluates a condition on a key that the action does not have as not met. So
/// `kms:DescribeKey`, which has no encryption context, and `sts:TagSession`, which has no external
/// id, each have their own statement.
final class PolicyDocuments {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String[] UNDER_THE_CONTEXT = {
    "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKeyPair*", "kms:ReEncrypt*"
  };

  private final String contextKey;
  private final String tenant;

  /// @param contextKey the condition key, e.g. `kms:EncryptionContext:keybroker:tenant`
  PolicyDocuments(String contextKey, String tenant) {
    this.contextKey = contextKey;
    this.tenant = tenant;
  }

  /// An array: the statements for a key's policy.
  String keyPolicyStatements(String principalArn) {
    return text(statements("*", principalArn));
  }

  String permissionsPolicy(String resource) {
    return text(policy(statements(resource, null)));
  }

  String trustPolicy(String principalArn, String externalId) {
    ObjectNode assume = allow("KeybrokerAssumesRole");
    assume.putObject("Principal").put("AWS", principalArn);
    assume.put("Action", "sts:AssumeRole");
    assume.putObject("Condition").putObject("StringEquals").put("sts:ExternalId", externalId);
    ObjectNode tag = allow("KeybrokerTagsSession");
    tag.putObject("Principal").put("AWS", principalArn);
    tag.put("Action", "sts:TagSession");
    return text(policy(JSON.createArrayNode().add(assume).add(tag)));
  }

  private ArrayNode statements(String resource, @Nullable String principalArn) {
    ObjectNode use = allow("KeybrokerUsesKeyForTenant");
    ObjectNode describe = allow("KeybrokerDescribesKey");
    if (principalArn != null) {
      use.putObject("Principal").put("AWS", principalArn);
      describe.putObject("Principal").put("AWS", principalArn);
    }
    ArrayNode actions = use.putArray("Action");
    for (String action : UNDER_THE_CONTEXT) {
      actions.add(action);
    }
    use.put("Resource", resource);
    use.putObject("Condition").putObject("StringEquals").put(contextKey, tenant);
    describe.put("Action", "kms:DescribeKey");
    describe.put("Resource", resource);
    return JSON.createArrayNode().add(use).add(describe);
  }

  private static ObjectNode allow(String sid) {
    return JSON.createObjectNode().put("Sid", sid).put("Effect", "Allow");
  }

  private static ObjectNode policy(ArrayNode statements) {
    ObjectNode policy = JSON.createObjectNode().put("Version", "2012-10-17");
    policy.set("Statement", statements);
    return policy;
  }

  private static String text(JsonNode json) {
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}

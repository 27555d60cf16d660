package dev.keybroker.keystore;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.keybroker.kms.KmsAction;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// IAM policies for one tenant, as indented JSON.
///
/// AWS evaluates a condition on a key that the action does not have as not met. So
/// `kms:DescribeKey`, which has no encryption context, and `sts:TagSession`, which has no external
/// id, each have their own statement.
final class PolicyDocuments {
  private static final ObjectMapper JSON = new ObjectMapper();
  static final List<String> ASSUMING = List.of("sts:AssumeRole", "sts:TagSession");
  static final String DESCRIBE = KmsAction.DESCRIBE_KEY.action();

  static final String CONTEXT_KEY = "kms:EncryptionContext:";

  private final String contextKey;
  private final String tenant;
  private final List<String> underTheContext;

  /// @param contextKey the condition key, e.g. `kms:EncryptionContext:keybroker:tenant`
  /// @param inCustomKeyStore whether KMS makes no key pairs under the key, so that the broker makes
  ///     them and has KMS encrypt
  PolicyDocuments(String contextKey, String tenant, boolean inCustomKeyStore) {
    this.contextKey = contextKey;
    this.tenant = tenant;
    this.underTheContext =
        Stream.concat(
                Stream.of(
                    KmsAction.GENERATE_KEY_PAIR.action(),
                    KmsAction.DECRYPT.action(),
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo"),
                inCustomKeyStore ? Stream.of(KmsAction.ENCRYPT.action()) : Stream.empty())
            .toList();
  }

  /// Returns the calls that carry the encryption context, and only those that the broker makes.
  List<String> underTheContext() {
    return underTheContext;
  }

  /// JSON: the encryption context as `aws iam simulate-principal-policy` takes it.
  String contextEntries() {
    ObjectNode entry = JSON.createObjectNode();
    entry.put("ContextKeyName", contextKey).put("ContextKeyType", "string");
    entry.putArray("ContextKeyValues").add(tenant);
    return JSON.createArrayNode().add(entry).toString();
  }

  /// JSON: the constraints of a grant, as `aws kms create-grant` takes them.
  String grantConstraints() {
    ObjectNode constraints = JSON.createObjectNode();
    constraints
        .putObject("EncryptionContextSubset")
        .put(contextKey.substring(CONTEXT_KEY.length()), tenant);
    return constraints.toString();
  }

  /// Returns the policy that lets the broker's own principal assume a tenant's role.
  String rolePolicy(String roleArn) {
    ObjectNode assume = allow("KeybrokerAssumesRoleOfTenant");
    assume.set("Action", JSON.valueToTree(ASSUMING));
    assume.put("Resource", roleArn);
    return text(policy(JSON.createArrayNode().add(assume)));
  }

  /// Returns a JSON array: the statements for a key's policy.
  String keyPolicyStatements(String principalArn) {
    return text(statements("*", principalArn));
  }

  String permissionsPolicy(String resource) {
    return text(policy(statements(resource, null)));
  }

  /// Returns the policy of the principal that grants the broker the use of the key: this grant
  /// only.
  String grantPermission(String principalArn, String resource, List<String> operations) {
    ObjectNode create = allow("CreateGrantToKeybroker");
    create.put("Action", KmsAction.CREATE_GRANT.action());
    create.put("Resource", resource);
    ObjectNode condition = create.putObject("Condition");
    condition
        .putObject("StringEquals")
        .put("kms:GranteePrincipal", principalArn)
        .put("kms:GrantConstraintType", "EncryptionContextSubset")
        .put(contextKey, tenant);
    condition
        .putObject("ForAllValues:StringEquals")
        .set("kms:GrantOperations", JSON.valueToTree(operations));
    ObjectNode describe = allow("DescribeKey");
    describe.put("Action", DESCRIBE).put("Resource", resource);
    return text(policy(JSON.createArrayNode().add(create).add(describe)));
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
    use.set("Action", JSON.valueToTree(underTheContext));
    use.put("Resource", resource);
    use.putObject("Condition").putObject("StringEquals").put(contextKey, tenant);
    describe.put("Action", DESCRIBE);
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

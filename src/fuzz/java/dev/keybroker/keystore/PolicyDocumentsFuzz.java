package dev.keybroker.keystore;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.exceptions.ValidationException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.keybroker.fuzz.Seeds;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.GetOnboardingRequest;
import java.util.List;
import java.util.Map;

/// The policies that a tenant's administrator pastes into AWS are JSON and say exactly what they
/// are to say: the principal, the resource and the condition that went in, whatever text those are,
/// and nothing that the text brings along. Of what the contract takes, no policy holds a wildcard
/// or a variable that the broker did not put there, and the shell reads each command as one.
///
/// The input is seven texts with NUL between them.
public final class PolicyDocumentsFuzz {
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final Validator VALIDATOR = ValidatorFactory.newBuilder().build();
  private static final List<String> ACTIONS =
      List.of(
          "kms:GenerateDataKeyPairWithoutPlaintext",
          "kms:Decrypt",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo");
  private static final String BROKER = "arn:aws:iam::444455556666:role/keybroker";
  private static final String EXTERNAL_ID = "000102030405060708090a0b0c0d0e0f";
  private static final String CONTEXT_KEY = "kms:EncryptionContext:keybroker:tenant";
  private static final KmsContextConfig CONTEXT =
      new KmsContextConfig() {
        @Override
        public String tenantKey() {
          return "keybroker:tenant";
        }

        @Override
        public String keystoreKey() {
          return "keybroker:keystore";
        }

        @Override
        public Map<String, String> extra() {
          return Map.of();
        }
      };

  private PolicyDocumentsFuzz() {}

  public static void fuzzerInitialize() {
    String arn = "arn:aws:kms:eu-central-1:111122223333:";
    for (String key : List.of("", arn + "key/" + "0".repeat(8), arn + "alias/recordings")) {
      for (String role : List.of("", "arn:aws:iam::111122223333:role/service/broker")) {
        Seeds.add(
            "role-" + role.length() + "-key-" + key.length(),
            String.join("\0", "acme", CONTEXT_KEY, BROKER, EXTERNAL_ID, "*", key, role)
                .getBytes(UTF_8));
      }
    }
    Seeds.add(
        "quotes",
        "\"},{\"\0\\\0*\"]}\0${aws:username}\0'\0arn:aws:iam::1:role/$(id)\0`id`".getBytes(UTF_8));
  }

  public static void fuzzerTestOneInput(byte[] input)
      throws JsonProcessingException, ValidationException {
    String[] texts = new String(input, UTF_8).split("\0", -1);
    if (texts.length < 7) {
      return;
    }
    anyText(texts[0], texts[1], texts[2], texts[3], texts[4]);
    takenByTheContract(texts[0], texts[5], texts[6]);
  }

  private static void anyText(
      String tenant, String contextKey, String principal, String externalId, String resource)
      throws JsonProcessingException {
    PolicyDocuments documents = new PolicyDocuments(contextKey, tenant, false);
    says(
        documents.keyPolicyStatements(principal),
        List.of(
            Map.of(
                "Sid",
                "KeybrokerUsesKeyForTenant",
                "Effect",
                "Allow",
                "Principal",
                Map.of("AWS", principal),
                "Action",
                ACTIONS,
                "Resource",
                "*",
                "Condition",
                Map.of("StringEquals", Map.of(contextKey, tenant))),
            Map.of(
                "Sid", "KeybrokerDescribesKey",
                "Effect", "Allow",
                "Principal", Map.of("AWS", principal),
                "Action", "kms:DescribeKey",
                "Resource", "*")));
    says(documents.permissionsPolicy(resource), permissions(contextKey, tenant, resource));
    says(documents.trustPolicy(principal, externalId), trust(principal, externalId));
  }

  private static Map<String, Object> permissions(
      String contextKey, String tenant, String resource) {
    return Map.of(
        "Version",
        "2012-10-17",
        "Statement",
        List.of(
            Map.of(
                "Sid",
                "KeybrokerUsesKeyForTenant",
                "Effect",
                "Allow",
                "Action",
                ACTIONS,
                "Resource",
                resource,
                "Condition",
                Map.of("StringEquals", Map.of(contextKey, tenant))),
            Map.of(
                "Sid", "KeybrokerDescribesKey",
                "Effect", "Allow",
                "Action", "kms:DescribeKey",
                "Resource", resource)));
  }

  private static Map<String, Object> trust(String principal, String externalId) {
    return Map.of(
        "Version",
        "2012-10-17",
        "Statement",
        List.of(
            Map.of(
                "Sid", "KeybrokerAssumesRole",
                "Effect", "Allow",
                "Principal", Map.of("AWS", principal),
                "Action", "sts:AssumeRole",
                "Condition", Map.of("StringEquals", Map.of("sts:ExternalId", externalId))),
            Map.of(
                "Sid", "KeybrokerTagsSession",
                "Effect", "Allow",
                "Principal", Map.of("AWS", principal),
                "Action", "sts:TagSession")));
  }

  private static void says(String document, Object expected) throws JsonProcessingException {
    holds(JSON.readValue(document, Object.class).equals(expected), "says something else");
  }

  private static void takenByTheContract(String tenant, String keyArn, String roleArn)
      throws JsonProcessingException, ValidationException {
    GetOnboardingRequest request =
        GetOnboardingRequest.newBuilder()
            .setParent("tenants/" + tenant)
            .setKey(AwsKmsKey.newBuilder().setKeyArn(keyArn).setRoleArn(roleArn))
            .build();
    if (!VALIDATOR.validate(request).isSuccess()) {
      return;
    }
    KmsArn key = keyArn.isEmpty() ? null : KmsArn.parse(keyArn);
    OnboardingDocuments documents =
        new OnboardingGuide(null, null, CONTEXT)
            .documents(
                BROKER,
                new Tenant(tenant, EXTERNAL_ID),
                new KeyToAdmit(key, roleArn.isEmpty() ? null : roleArn, false));
    String principal = roleArn.isEmpty() ? BROKER : roleArn;
    says(
        documents.keyPolicyStatement(),
        JSON.readValue(
            new PolicyDocuments(CONTEXT_KEY, tenant, false).keyPolicyStatements(principal),
            Object.class));
    holds(isLiteral(principal), "a principal with a wildcard or a variable");
    holds(isLiteral(tenant), "a condition with a wildcard or a variable");
    says(documents.trustPolicy(), trust(BROKER, EXTERNAL_ID));
    String resource =
        key == null
            ? "arn:" + (roleArn.isEmpty() ? BROKER : roleArn).split(":", 3)[1] + ":kms:*:*:key/*"
            : key.isAlias() ? keyArn.substring(0, keyArn.indexOf("alias/")) + "key/*" : keyArn;
    says(documents.permissionsPolicy(), permissions(CONTEXT_KEY, tenant, resource));
    says(
        documents.brokerPolicy(),
        roleArn.isEmpty()
            ? permissions(CONTEXT_KEY, tenant, resource)
            : Map.of(
                "Version",
                "2012-10-17",
                "Statement",
                List.of(
                    Map.of(
                        "Sid",
                        "KeybrokerAssumesRoleOfTenant",
                        "Effect",
                        "Allow",
                        "Action",
                        List.of("sts:AssumeRole", "sts:TagSession"),
                        "Resource",
                        roleArn))));
    boolean hasKey = !keyArn.isEmpty();
    boolean hasRole = !roleArn.isEmpty();
    holds(
        documents.verificationCommands().size()
            == (hasKey ? 2 : 0) + (hasRole ? 3 : 0) + (hasKey && hasRole ? 2 : 0),
        "other commands of the tenant");
    holds(
        documents.brokerCommands().size() == (hasKey || hasRole ? 2 : 0),
        "other commands of the broker");
    documents.verificationCommands().forEach(command -> oneCommand(command, keyArn, roleArn));
    documents.brokerCommands().forEach(command -> oneCommand(command, keyArn, roleArn));
  }

  private static boolean isLiteral(String text) {
    return text.chars().noneMatch(c -> c == '*' || c == '?' || c == '$');
  }

  /// What is left of a command without what is quoted and without plain words is its own shape.
  private static void oneCommand(String command, String keyArn, String roleArn) {
    String region = keyArn.isEmpty() ? "" : keyArn.split(":", -1)[3];
    for (String text : List.of(region, keyArn, roleArn.substring(roleArn.lastIndexOf('/') + 1))) {
      holds(text.matches("[A-Za-z0-9:/_+=,.@-]*"), "the shell reads more than a word");
    }
    String shape = command.replaceAll("'[^']*'|\\\\'", "").replaceAll("[A-Za-z0-9:/_+=,.@ -]", "");
    holds(
        shape.matches(
            "(\"\\$\\(\\)\")?|\\$\\(\\);(\"\\$\"){1,2};|\\$\\(\\);\"\\$\"\"\\$\\(\"\\$\"\\)\";"),
        "another command");
  }
}

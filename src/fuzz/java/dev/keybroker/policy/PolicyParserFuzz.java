package dev.keybroker.policy;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keybroker.fuzz.Seeds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// A policy is read whole or refused: no statement, principal, action, resource or
/// condition that stands in the document is passed over, since a condition that is not read admits
/// more than the tenant wrote. What is read can be asked of any request.
public final class PolicyParserFuzz {
  private static final String TENANT = "kms:EncryptionContext:keybroker:tenant";
  private static final Requester CALLER =
      new Requester(
          Requester.Kind.SESSION,
          "111122223333",
          "arn:aws:sts::111122223333:assumed-role/broker/session",
          "arn:aws:iam::111122223333:role/broker",
          "AROA:session",
          List.of(),
          null,
          Map.of(),
          Map.of());
  private static final PolicyContext CONTEXT =
      PolicyContext.of(CALLER, "eu-central-1").put(TENANT, "acme");
  private static final Predicate<String> KNOWN = key -> key.startsWith("kms:");
  private static final String MARK = "acme";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String KEY = "arn:aws:kms:eu-central-1:111122223333:key/k-1";

  private PolicyParserFuzz() {}

  public static void fuzzerInitialize() {
    String use =
        """
        {"Sid": "Use", "Effect": "Allow",
         "Principal": {"AWS": ["arn:aws:iam::111122223333:role/broker", "444455556666"]},
         "Action": ["kms:Decrypt", "kms:GenerateDataKeyPair*"], "Resource": "*",
         "Condition": {"StringEquals": {"%s": "acme"},
                       "ForAllValues:StringLike": {"kms:EncryptionContextKeys": ["a", "b?"]},
                       "Null": {"aws:PrincipalTag/x": "true"}}}\
        """
            .formatted(TENANT);
    String deny =
        """
        {"Effect": "Deny", "Principal": "*", "NotAction": "kms:DescribeKey",
         "NotResource": ["arn:aws:kms:*:*:key/k-?"],
         "Condition": {"NumericLessThanIfExists": {"aws:n": "3"}, "Bool": {"aws:b": "false"}}}\
        """;
    Seeds.add(
        "{\"Version\": \"2012-10-17\", \"Statement\": [" + use + ", " + deny + "]}",
        "{\"Statement\": " + deny + "}",
        """
        {"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
         "Principal": {"AWS": "arn:aws:iam::111122223333:root", "Service": "a.amazonaws.com"},
         "Condition": {"StringEquals": {"sts:ExternalId": "f00d"}}}}\
        """);
  }

  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    String document = new String(input, UTF_8);
    Policy policy;
    try {
      policy = PolicyParser.parse(document);
    } catch (MalformedPolicyException e) {
      holds(e.problem().length() < 100 && !e.problem().contains(MARK), "a problem that quotes");
      return;
    }
    readWhole(JSON.readTree(document), policy);
    policy.allows(CALLER, "kms:Decrypt", KEY, CONTEXT);
    policy.denies(CALLER, "kms:Decrypt", KEY, CONTEXT);
    boolean said = policy.says(true, "kms:Decrypt", KEY, CONTEXT);
    boolean feared = policy.supposing(KNOWN, false).says(true, "kms:Decrypt", KEY, CONTEXT);
    boolean hoped = policy.supposing(KNOWN, true).says(true, "kms:Decrypt", KEY, CONTEXT);
    holds((!feared || said) && (!said || hoped), "a supposition that reality exceeds");
    for (PolicyStatement statement : policy.statements()) {
      for (String pattern : statement.resources()) {
        globs(pattern, KEY);
        globs(pattern, pattern);
      }
    }
  }

  private static void readWhole(JsonNode document, Policy policy) {
    JsonNode node = document.path("Statement");
    List<JsonNode> statements = new ArrayList<>();
    if (node.isArray()) {
      node.forEach(statements::add);
    } else {
      statements.add(node);
    }
    holds(statements.size() == policy.statements().size(), "another number of statements");
    for (int i = 0; i < statements.size(); i++) {
      readWhole(statements.get(i), policy.statements().get(i));
    }
  }

  private static void readWhole(JsonNode node, PolicyStatement statement) {
    holds(
        node.path("Effect").isTextual()
            && statement.allow() == node.path("Effect").textValue().equals("Allow"),
        "another effect");
    holds(!(node.has("Action") && node.has("NotAction")), "one of two actions");
    holds(!(node.has("Resource") && node.has("NotResource")), "one of two resources");
    holds(
        statement.actions().equals(texts(node.path(node.has("Action") ? "Action" : "NotAction"))),
        "other actions");
    boolean resources = node.has("Resource") || node.has("NotResource");
    holds(resources != statement.resources().isEmpty(), "no resource, so any");
    holds(
        !resources
            || statement
                .resources()
                .equals(texts(node.path(node.has("Resource") ? "Resource" : "NotResource"))),
        "other resources");
    JsonNode principal = node.path("Principal");
    holds(
        !node.has("Principal") || principal.isObject() || "*".equals(principal.textValue()),
        "a principal of no kind");
    holds(
        statement
            .principals()
            .equals(
                principal.isTextual()
                    ? List.of(principal.textValue())
                    : texts(principal.path("AWS"))),
        "other principals");
    int lines = 0;
    JsonNode condition = node.path("Condition");
    holds(!node.has("Condition") || condition.isObject(), "a condition that is passed over");
    for (Map.Entry<String, JsonNode> operator : condition.properties()) {
      holds(operator.getValue().isObject(), "an operator that is passed over");
      for (Map.Entry<String, JsonNode> line : operator.getValue().properties()) {
        texts(line.getValue());
        lines++;
      }
    }
    holds(lines == statement.conditions().size(), "another number of conditions");
  }

  /// One text or a list of them; booleans and numbers stand for their text, as in IAM.
  private static List<String> texts(JsonNode node) {
    List<String> texts = new ArrayList<>();
    for (JsonNode text : node.isArray() ? node : List.of(node)) {
      holds(text.isMissingNode() || (text.isValueNode() && !text.isNull()), "no text");
      if (!text.isMissingNode()) {
        texts.add(text.asText());
      }
    }
    return texts;
  }

  /// All that the pattern may have read so far, held at once: a regular expression that goes back
  /// takes for ever on many stars.
  private static void globs(String pattern, String text) {
    BitSet reached = new BitSet();
    reached.set(0);
    for (char c : pattern.toCharArray()) {
      BitSet next = new BitSet();
      int first = reached.nextSetBit(0);
      if (c == '*' && first >= 0) {
        next.set(first, text.length() + 1);
      } else {
        for (int i = first; i >= 0 && i < text.length(); i = reached.nextSetBit(i + 1)) {
          if (c == '?' || c == text.charAt(i)) {
            next.set(i + 1);
          }
        }
      }
      reached = next;
    }
    holds(
        Glob.matches(pattern, text) == reached.get(text.length()), "a glob that matches otherwise");
  }
}

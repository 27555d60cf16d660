package dev.keybroker.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the parser does not understand it refuses: passed over, it would admit more than the policy
/// says.
class PolicyParserTest {
  private static final String GOOD = "{\"Effect\": \"Allow\", \"Action\": \"a\"}";

  @Test
  void policy_wholeGrammar_isRead() {
    PolicyStatement statement =
        PolicyParser.parse(
                policy(
                    """
                    "Principal": {"AWS": ["111122223333"], "Service": "a.amazonaws.com"},
                    "NotAction": "kms:Decrypt", "NotResource": ["a", "b"],
                    "Condition": {"StringEquals": {"k": "v", "l": ["v", true, 1]},
                                  "Null": {"m": "false"}}\
                    """))
            .statements()
            .getFirst();

    assertEquals(List.of("111122223333"), statement.principals());
    assertEquals(List.of("kms:Decrypt"), statement.actions());
    assertEquals(List.of("a", "b"), statement.resources());
    assertEquals(3, statement.conditions().size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'Action': 'a', 'Resource': '*', 'Condition': 'StringEquals'",
        "'Action': 'a', 'Resource': '*', 'Condition': []",
        "'Action': 'a', 'Resource': '*', 'Condition': null",
        "'Action': 'a', 'Resource': '*', 'Condition': {'StringEquals': 'v'}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'StringEquals': ['v']}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'StringEquals': {'k': {'l': 'v'}}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'StringEquals': {'k': null}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'StringEquals': {'k': [['v']]}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'Null': {'k': null}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {}, 'Condition': {'Null': {'k': 'true'}}",
        "'Action': 'a', 'Resource': []",
        "'Action': 'a', 'Resource': {}",
        "'Action': 'a', 'Resource': 'r', 'NotResource': 's'",
        "'Action': 'a', 'NotAction': 'b', 'Resource': '*'",
        "'Action': [], 'Resource': '*'",
        "'Action': {'x': 'a'}, 'Resource': '*'",
        "'Action': 'a', 'Resource': '*', 'Principal': 'arn:aws:iam::111122223333:root'",
        "'Action': 'a', 'Resource': '*', 'Principal': ['*']",
        "'Action': 'a', 'Resource': '*', 'Principal': {'AWS': {'x': '*'}}",
        "'Action': 'a', 'Resource': '*', 'Principal': {'Aws': '*'}",
        "'Action': 'a', 'Resource': '*', 'Principals': {'AWS': '*'}",
        "'Action': 'a', 'Resources': '*'",
        "'Actions': 'a', 'Resource': '*'",
        "'Action': 'a', 'Resource': '*', 'Conditions': {}",
        "'Action': 'a', 'Resource': '*', 'Sid': 1",
        "'Action': 'a', 'Resource': '*', 'Condition': {'StringEqual': {'k': 'v'}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'ForSomeValues:Bool': {'k': 'true'}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'NullIfExists': {'k': 'true'}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'Null': {'k': 'yes'}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'NumericEquals': {'k': 'few'}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'DateEquals': {'k': 'today'}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'IpAddress': {'k': '10.0.0.0/33'}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'IpAddress': {'k': 'localhost'}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'BinaryEquals': {'k': '%'}}",
        "'Action': 'a', 'Resource': '*', 'Condition': {'StringLike': {'k': '${aws:username'}}",
        "'Action': 'a', 'Resource': 'arn:aws:kms:*:*:key/${}'"
      })
  void statement_withWhatIsNotUnderstood_isRefused(String elements) {
    assertRefused(policy(elements.replace('\'', '"')));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{}",
        "{\"Statement\": []}",
        "{\"Statement\": [\"Allow\"]}",
        "{\"Statement\": {}} {}",
        "{\"Statments\": {\"Effect\": \"Allow\", \"Action\": \"*\"}}",
        "{\"version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"*\"}}",
        "{\"Version\": \"2012\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"*\"}}"
      })
  void document_thatIsNone_isRefused(String document) {
    assertRefused(document);
  }

  @Test
  void document_withTextAfterIt_isRefused() {
    assertRefused(policy("\"Action\": \"a\"") + " x");
  }

  @Test
  void problem_saysWhere_andQuotesNothing() {
    String text = "{\"Statement\": [" + GOOD + ", " + GOOD.replace("Action", "s3cret") + "]}";
    MalformedPolicyException refused =
        assertThrows(MalformedPolicyException.class, () -> PolicyParser.parse(text));

    assertEquals("statement 2: unknown element", refused.problem());
    assertEquals("Syntax errors in policy: unknown element s3cret", refused.getMessage());
  }

  @Test
  void document_cutAnywhere_isRefusedWithoutAQuote() {
    String document = policy("\"Action\": \"s3cret:*\", \"Resource\": \"s3cret\"");
    for (int end = 0; end < document.length(); end++) {
      String cut = document.substring(0, end);
      MalformedPolicyException refused =
          assertThrows(MalformedPolicyException.class, () -> PolicyParser.parse(cut), cut);
      assertFalse(refused.problem().contains("s3c"), refused.problem());
    }
  }

  private static String policy(String elements) {
    return "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", "
        + elements
        + "}}";
  }

  private static void assertRefused(String document) {
    assertThrows(MalformedPolicyException.class, () -> PolicyParser.parse(document));
  }
}

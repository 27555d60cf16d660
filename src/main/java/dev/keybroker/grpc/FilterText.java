package dev.keybroker.grpc;

import dev.keybroker.keystore.KeystoreFilter;
import dev.keybroker.kms.KmsArn;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Parses the `filter` of a list: the few terms of AIP-160 that the contract documents, and nothing
/// else, so that a typing error never lists more than was meant.
final class FilterText {
  private static final Pattern TERM =
      Pattern.compile("([a-z_]+)\\s*([=:])\\s*(?:\"([^\"]*)\"|([^\\s\"]+))");
  private static final Pattern AND = Pattern.compile("\\s+AND\\s+");
  private static final Pattern ID = Pattern.compile("([a-z0-9][a-z0-9-]{0,62})(\\*?)");

  private FilterText() {}

  /// @throws RequestInvalid if the text is no filter of keystores
  static KeystoreFilter ofKeystores(String text) {
    Map<String, String> terms = terms(text);
    String state = terms.remove("state=");
    String id = terms.remove("keystore_id=");
    String key = terms.remove("root_key_arn=");
    String error = terms.remove("last_error:");
    if (!terms.isEmpty()) {
      throw invalid(
          "has an unknown term: the terms are state = …, keystore_id = …, root_key_arn = … and"
              + " last_error:*");
    }
    Matcher ids = ID.matcher(id == null ? "" : id);
    if (id != null && !ids.matches()) {
      throw invalid("must have an id as keystore_id, or the start of an id and *");
    }
    if (error != null && !error.equals("*")) {
      throw invalid("must have last_error only as last_error:*");
    }
    return new KeystoreFilter(
        isLeaving(state),
        id == null ? null : ids.group(1),
        id != null && !ids.group(2).isEmpty(),
        key(key),
        error != null);
  }

  /// The values by field and operator.
  private static Map<String, String> terms(String text) {
    Map<String, String> terms = new HashMap<>();
    if (text.isBlank()) {
      return terms;
    }
    for (String part : AND.split(text.strip(), -1)) {
      Matcher term = TERM.matcher(part);
      if (!term.matches()) {
        throw invalid("must be terms like state = ACTIVE, joined by AND");
      }
      String value = term.group(3) == null ? term.group(4) : term.group(3);
      if (terms.put(term.group(1) + term.group(2), value) != null) {
        throw invalid("has a term twice");
      }
    }
    return terms;
  }

  private static @Nullable Boolean isLeaving(@Nullable String state) {
    return switch (state) {
      case null -> null;
      case "ACTIVE" -> false;
      case "DELETE_SCHEDULED" -> true;
      default -> throw invalid("must have ACTIVE or DELETE_SCHEDULED as state");
    };
  }

  private static @Nullable KmsArn key(@Nullable String key) {
    try {
      return key == null ? null : KmsArn.parse(key);
    } catch (IllegalArgumentException e) {
      throw invalid("must have the ARN of a KMS key or alias as root_key_arn");
    }
  }

  private static RequestInvalid invalid(String description) {
    return new RequestInvalid("filter", description);
  }
}

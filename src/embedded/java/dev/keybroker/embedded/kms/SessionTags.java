package dev.keybroker.embedded.kms;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// The tags of a session of a role.
///
/// @param all the tags that the session was given or inherited
/// @param transitive those of them that the next session of a role chain inherits
record SessionTags(Map<String, String> all, Map<String, String> transitive) {

  static final SessionTags NONE = new SessionTags(Map.of(), Map.of());

  private static final int MAX_TAGS = 50;
  private static final Pattern KEY = Pattern.compile("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{1,128}");
  private static final Pattern VALUE = Pattern.compile("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{0,256}");

  SessionTags {
    all = Map.copyOf(all);
    transitive = Map.copyOf(transitive);
  }

  /// The tags of the session that an AssumeRole request asks for, those included that it inherits.
  ///
  /// @throws AwsException if they break the rules for session tags
  static SessionTags of(QueryRequest request) {
    Map<String, String> inherited = request.caller().transitiveTags();
    Map<String, String> asked = asked(request);
    Set<String> askedTransitive = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    askedTransitive.addAll(request.list("TransitiveTagKeys"));
    Map<String, String> all = caseless(inherited);
    for (Map.Entry<String, String> tag : asked.entrySet()) {
      if (all.put(tag.getKey(), tag.getValue()) != null) {
        throw invalid(
            "One of the specified transitive tag keys can't be set because it conflicts with a"
                + " transitive tag key from the calling session.");
      }
    }
    Map<String, String> transitive = caseless(inherited);
    for (String key : askedTransitive) {
      String value = asked.get(key);
      if (value == null) {
        throw invalid("The specified transitive tag key must be included in the requested tags.");
      }
      transitive.put(key, value);
    }
    if (all.size() > MAX_TAGS) {
      throw invalid("A session has at most " + MAX_TAGS + " tags.");
    }
    return new SessionTags(all, transitive);
  }

  /// The tags that the request names itself.
  static Map<String, String> asked(QueryRequest request) {
    Map<String, String> asked = caseless(Map.of());
    for (Map<String, String> tag : request.structures("Tags")) {
      String key = tag.getOrDefault("Key", "");
      String value = tag.getOrDefault("Value", "");
      if (!KEY.matcher(key).matches()
          || !VALUE.matcher(value).matches()
          || key.regionMatches(true, 0, "aws:", 0, "aws:".length())) {
        throw new AwsException("ValidationError", "Not a valid tag: " + key);
      }
      if (asked.put(key, value) != null) {
        throw invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.");
      }
    }
    return asked;
  }

  private static Map<String, String> caseless(Map<String, String> tags) {
    Map<String, String> copy = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    copy.putAll(tags);
    return copy;
  }

  private static AwsException invalid(String message) {
    return new AwsException("InvalidParameterValue", message);
  }
}

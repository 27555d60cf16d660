package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Writes the list answers of KMS page by page: `Limit`, `Marker`, `NextMarker`, `Truncated`.
///
/// @param usual how many items a page has if the request does not say
/// @param most how many items a page can have
record Pages(int usual, int most) {

  /// The pages of ListKeys.
  static final Pages OF_KEYS = new Pages(100, 1000);

  /// The pages of aliases and of grants.
  static final Pages SMALL = new Pages(50, 100);

  /// @param sortKey the member by which items are sorted, and which the marker holds
  ObjectNode write(KmsRequest request, String member, Stream<ObjectNode> items, String sortKey) {
    int limit = request.number("Limit", usual, 1, most);
    String after = request.has("Marker") ? decode(request.required("Marker")) : "";
    List<ObjectNode> page =
        items
            .filter(item -> item.path(sortKey).asText().compareTo(after) > 0)
            .sorted(Comparator.comparing(item -> item.path(sortKey).asText()))
            .limit(limit + 1L)
            .toList();
    boolean truncated = page.size() > limit;
    ObjectNode answer = Json.object().put("Truncated", truncated);
    ArrayNode list = answer.putArray(member);
    page.stream().limit(limit).forEach(list::add);
    if (truncated) {
      answer.put("NextMarker", encode(page.get(limit - 1).path(sortKey).asText()));
    }
    return answer;
  }

  private static String encode(String key) {
    return Base64.getUrlEncoder().encodeToString(key.getBytes(StandardCharsets.UTF_8));
  }

  private static String decode(String marker) {
    try {
      return new String(Base64.getUrlDecoder().decode(marker), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new AwsException("InvalidMarkerException", "Could not deserialize marker");
    }
  }
}

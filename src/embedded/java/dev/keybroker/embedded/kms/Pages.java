package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// Writes the list answers of KMS page by page: `Limit`, `Marker`, `NextMarker`, `Truncated`.
final class Pages {

  private Pages() {}

  /// @param sortKey the member by which items are sorted, and which the marker holds
  static ObjectNode write(
      KmsRequest request, String member, Stream<ObjectNode> items, String sortKey) {
    int limit = request.number("Limit", 100, 1, 1000);
    String after = request.text("Marker", "");
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
      answer.put("NextMarker", page.get(limit - 1).path(sortKey).asText());
    }
    return answer;
  }
}

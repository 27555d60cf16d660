package dev.keybroker.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Rendered objects as readable text, by kind and name, without what Kustomize and the chart may do
/// differently. That is all of this:
///
/// - Helm makes the namespace, so the chart has no Namespace.
/// - The chart adds two labels: `app.kubernetes.io/managed-by` and `helm.sh/chart`.
/// - A changed ConfigMap or Secret rolls the pods, in Kustomize by a hash in its name, in the chart
///   by the annotation `checksum/config`. The chart's Job has a hash of its spec in its name.
/// - A setting may be in another `.properties` file of its ConfigMap.
/// - The order of lists whose elements are objects, and line breaks in Base64.
final class NormalForm {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  /// Kustomize's alphabet for hashes.
  private static final Pattern HASHED =
      Pattern.compile("\"(keybroker[a-z-]*)-[24-9bcdfghkmt]{10}\"");

  private static final Pattern JOB = Pattern.compile("(.+)-[0-9a-f]{8}");

  private NormalForm() {}

  static SortedMap<String, String> of(List<JsonNode> rendered) throws IOException {
    SortedMap<String, String> objects = new TreeMap<>();
    for (JsonNode each : rendered) {
      JsonNode object = JSON.readTree(withoutHashes(each.toString()));
      String kind = object.get("kind").textValue();
      if (!kind.equals("Namespace")) {
        ObjectNode metadata = (ObjectNode) object.get("metadata");
        removeFrom(metadata, "labels", "app.kubernetes.io/managed-by");
        removeFrom(metadata, "labels", "helm.sh/chart");
        if (object.at("/spec/template/metadata") instanceof ObjectNode template) {
          removeFrom(template, "annotations", "checksum/config");
        }
        Matcher job = JOB.matcher(metadata.get("name").textValue());
        if (kind.equals("Job") && job.matches()) {
          metadata.put("name", job.group(1));
        }
        if (kind.equals("Secret")) {
          decode((ObjectNode) object.get("data"));
        }
        if (kind.equals("ConfigMap")) {
          joinSettings((ObjectNode) object.get("data"));
        }
        objects.put(
            kind + "/" + metadata.get("name").textValue(), ordered(object).toPrettyString());
      }
    }
    return objects;
  }

  private static String withoutHashes(String json) {
    return HASHED.matcher(json).replaceAll("\"$1\"");
  }

  private static void removeFrom(ObjectNode metadata, String map, String key) {
    if (metadata.get(map) instanceof ObjectNode entries) {
      entries.remove(key);
      if (entries.isEmpty()) {
        metadata.remove(map);
      }
    }
  }

  private static void decode(ObjectNode data) {
    for (String name : names(data)) {
      byte[] value = Base64.getMimeDecoder().decode(data.get(name).textValue());
      data.put(name, new String(value, StandardCharsets.UTF_8));
    }
  }

  private static void joinSettings(ObjectNode data) {
    SortedMap<String, String> settings = new TreeMap<>();
    for (String file : names(data)) {
      if (file.endsWith(".properties")) {
        Properties properties = new Properties();
        try {
          properties.load(new StringReader(data.remove(file).textValue()));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
        properties.forEach(
            (key, value) -> settings.merge((String) key, (String) value, String::concat));
      }
    }
    settings.forEach(data::put);
  }

  private static List<String> names(ObjectNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static JsonNode ordered(JsonNode node) {
    if (node instanceof ObjectNode object) {
      ObjectNode sorted = NODES.objectNode();
      for (String name : new TreeSet<>(names(object))) {
        sorted.set(name, ordered(object.get(name)));
      }
      return sorted;
    }
    if (node instanceof ArrayNode array) {
      List<JsonNode> elements = new ArrayList<>();
      array.forEach(element -> elements.add(ordered(element)));
      if (elements.stream().allMatch(JsonNode::isObject)) {
        elements.sort(Comparator.comparing(JsonNode::toString));
      }
      return NODES.arrayNode().addAll(elements);
    }
    return node;
  }
}

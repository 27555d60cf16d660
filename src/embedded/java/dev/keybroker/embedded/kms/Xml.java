package dev.keybroker.embedded.kms;

import java.util.List;
import java.util.Map;

/// Writes the XML of the Query protocol.
final class Xml {

  private Xml() {}

  static String answer(
      String operation, String namespace, Map<String, Object> result, String requestId) {
    StringBuilder xml = new StringBuilder();
    xml.append('<').append(operation).append("Response xmlns=\"").append(namespace).append("\">");
    element(xml, operation + "Result", result);
    element(xml, "ResponseMetadata", Map.of("RequestId", requestId));
    return xml.append("</").append(operation).append("Response>").toString();
  }

  static String error(String namespace, AwsException error, String requestId) {
    StringBuilder xml =
        new StringBuilder("<ErrorResponse xmlns=\"").append(namespace).append("\">");
    xml.append("<Error>");
    element(xml, "Type", error.status() < 500 ? "Sender" : "Receiver");
    element(xml, "Code", error.code());
    element(xml, "Message", error.text());
    xml.append("</Error>");
    element(xml, "RequestId", requestId);
    return xml.append("</ErrorResponse>").toString();
  }

  private static void element(StringBuilder xml, String name, Object value) {
    xml.append('<').append(name).append('>');
    if (value instanceof Map<?, ?> members) {
      members.forEach((member, inner) -> element(xml, String.valueOf(member), inner));
    } else if (value instanceof List<?> values) {
      values.forEach(inner -> element(xml, "member", inner));
    } else {
      escape(xml, String.valueOf(value));
    }
    xml.append("</").append(name).append('>');
  }

  private static void escape(StringBuilder xml, String text) {
    for (int i = 0; i < text.length(); i++) {
      switch (text.charAt(i)) {
        case '<' -> xml.append("&lt;");
        case '>' -> xml.append("&gt;");
        case '&' -> xml.append("&amp;");
        case '"' -> xml.append("&quot;");
        default -> xml.append(text.charAt(i));
      }
    }
  }
}

package dev.keybroker.console;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.util.regex.Pattern;

/// A call of the API as a shell makes it.
final class ApiCall {
  private static final JsonFormat.Printer JSON =
      JsonFormat.printer().preservingProtoFieldNames().omittingInsignificantWhitespace();

  private static final Pattern ESCAPED_EQUALS = Pattern.compile("(?<!\\\\)\\\\u003d");

  private static final JsonFormat.Printer INDENTED =
      JsonFormat.printer().preservingProtoFieldNames();

  private ApiCall() {}

  /// Returns the `grpcurl` command of a call.
  ///
  /// @param rpc e.g. `Keystores/GetKeystore`
  static String grpcurl(String rpc, Message request) {
    return "grpcurl -d '%s' \"$BROKER\" keybroker.v1.%s"
        .formatted(json(request).replace("'", "'\\''"), rpc);
  }

  /// On one line.
  static String json(Message message) {
    return print(JSON, message);
  }

  /// On a line for each field.
  static String indented(Message message) {
    return print(INDENTED, message);
  }

  private static String print(JsonFormat.Printer printer, Message message) {
    try {
      // Escaped for HTML, which the templates do.
      return ESCAPED_EQUALS.matcher(printer.print(message)).replaceAll("=");
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }
}

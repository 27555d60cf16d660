package dev.keybroker.console;

import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.FormParam;
import java.util.LinkedHashMap;
import java.util.Map;

/// An encryption context to look for, as the browser sent it. It never comes by an address, which
/// proxies and browsers keep.
public class ContextForm {
  /// A pair in each line, `key=value`.
  @FormParam("context")
  @DefaultValue("")
  public String context = "";

  @FormParam("whole")
  @DefaultValue("false")
  public boolean whole;

  /// Fails with [RefusedCall] if a line is not a pair.
  Map<String, String> pairs() {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String line : context.lines().toList()) {
      if (!line.isEmpty()) {
        int end = line.indexOf('=');
        if (end < 1 || pairs.put(line.substring(0, end), line.substring(end + 1)) != null) {
          throw RefusedCall.invalid(
              "`encryption_context` must have a pair `key=value` in each line, and each key once.");
        }
      }
    }
    return pairs;
  }
}

package dev.keybroker.console;

import dev.keybroker.v1.ListKeystoresRequest;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.QueryParam;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Which keystores to list, as the browser sent it.
public class KeystoreSearch {
  @QueryParam("state")
  @DefaultValue("")
  public String state = "";

  @QueryParam("id")
  @DefaultValue("")
  public String id = "";

  @QueryParam("root_key")
  @DefaultValue("")
  public String rootKey = "";

  @QueryParam("after")
  @DefaultValue("")
  public String after = "";

  ListKeystoresRequest request(String tenant) {
    return ListKeystoresRequest.newBuilder()
        .setParent("tenants/" + tenant)
        .setFilter(filter())
        .setPageToken(after)
        .build();
  }

  /// As the contract writes it. The API checks what the visitor entered.
  private String filter() {
    List<String> terms = new ArrayList<>();
    switch (state) {
      case "" -> {}
      case "FAILING" -> terms.add("last_error:*");
      default -> terms.add("state = \"%s\"".formatted(state));
    }
    if (!id.isBlank()) {
      terms.add("keystore_id = \"%s*\"".formatted(id.strip()));
    }
    if (!rootKey.isBlank()) {
      terms.add("root_key_arn = \"%s\"".formatted(rootKey.strip()));
    }
    return String.join(" AND ", terms);
  }

  public boolean isEmpty() {
    return state.isEmpty() && id.isBlank() && rootKey.isBlank();
  }

  /// The address of a further page; empty if there is none.
  String next(String token) {
    return token.isEmpty() ? "" : first() + "&after=" + encoded(token);
  }

  /// The address of the first page.
  String first() {
    return "?state=%s&id=%s&root_key=%s".formatted(encoded(state), encoded(id), encoded(rootKey));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}

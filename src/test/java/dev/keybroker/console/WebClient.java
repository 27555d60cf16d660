package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.HttpCookie;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A browser without JavaScript: cookies, redirects and forms.
final class WebClient {
  private static final Pattern TOKEN = Pattern.compile("name=\"csrf-token\" value=\"([^\"]+)\"");

  private final URI console;
  private final CookieManager cookies = new CookieManager(null, CookiePolicy.ACCEPT_ALL);
  private final HttpClient http =
      HttpClient.newBuilder()
          .cookieHandler(cookies)
          .followRedirects(HttpClient.Redirect.NORMAL)
          .build();
  private String language = "en";

  WebClient(URI console) {
    this.console = console;
  }

  /// A browser whose owner has signed in.
  static WebClient of(String subject, URI console) {
    WebClient client = new WebClient(console);
    client.signIn(subject);
    return client;
  }

  WebClient speaking(String languages) {
    language = languages;
    return this;
  }

  /// Fills in the provider's form.
  void signIn(String subject) {
    signIn(subject, "{}");
  }

  /// Fills in the provider's form.
  ///
  /// @param claims of the ID token, as JSON
  void signIn(String subject, String claims) {
    HttpResponse<String> form = get("/");
    assertTrue(form.uri().getPath().endsWith("/authorize"), form.uri() + form.body());
    HttpResponse<String> page = post(form.uri(), Map.of("username", subject, "claims", claims));
    assertEquals(200, page.statusCode(), page.body());
    assertEquals(console.getPort(), page.uri().getPort());
  }

  HttpResponse<String> get(String path) {
    return send(HttpRequest.newBuilder(console.resolve(path)).GET());
  }

  /// Asks as htmx does.
  HttpResponse<String> ofScript(String path) {
    return send(HttpRequest.newBuilder(console.resolve(path)).header("HX-Request", "true").GET());
  }

  /// Submits a form of the console, with the token of the signed-in visitor's pages.
  HttpResponse<String> submit(String path, Map<String, String> fields) {
    return submit("/", path, fields);
  }

  /// Submits a form of the console, with the token of a page.
  HttpResponse<String> submit(String page, String path, Map<String, String> fields) {
    java.util.HashMap<String, String> all = new java.util.HashMap<>(fields);
    all.put("csrf-token", token(get(page).body()));
    return post(console.resolve(path), all);
  }

  /// The token of the forms of a page.
  static String token(String page) {
    Matcher token = TOKEN.matcher(page);
    assertTrue(token.find(), page);
    return token.group(1);
  }

  HttpResponse<String> post(URI uri, Map<String, String> fields) {
    String body =
        fields.entrySet().stream()
            .map(field -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
            .collect(Collectors.joining("&"));
    return send(
        HttpRequest.newBuilder(uri)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  List<HttpCookie> cookies() {
    return cookies.getCookieStore().getCookies();
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return http.send(
          request
              .header("Accept", "text/html,*/*;q=0.5")
              .header("Accept-Language", language)
              .build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}

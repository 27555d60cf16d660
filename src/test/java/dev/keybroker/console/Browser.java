package dev.keybroker.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// A headless Chromium, driven by its DevTools protocol.
final class Browser implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);
  private static final String LISTENING = "DevTools listening on ";

  private final Process process;
  private final WebSocket socket;
  private final AtomicInteger ids = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();

  /// The executable of this machine.
  static Optional<Path> executable() {
    return Stream.of("/usr/bin/chromium", "/usr/bin/google-chrome")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst();
  }

  Browser(Path executable) throws IOException, InterruptedException {
    Path parent = Files.createDirectories(Path.of("target", "chromium"));
    process =
        new ProcessBuilder(
                executable.toString(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--hide-scrollbars",
                "--lang=en",
                // Other authorities than those of the machine issue the certificates of the tests.
                "--ignore-certificate-errors",
                "--remote-debugging-port=0",
                "--user-data-dir=" + Files.createTempDirectory(parent, "profile-").toAbsolutePath(),
                "about:blank")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    BufferedReader errors = process.errorReader();
    String line = errors.readLine();
    while (line != null && !line.startsWith(LISTENING)) {
      line = errors.readLine();
    }
    if (line == null) {
      throw new IOException("Chromium has ended");
    }
    Thread.ofVirtual().start(() -> errors.lines().forEach(ignored -> {}));
    URI devTools = URI.create(line.substring(LISTENING.length()).strip());
    HttpClient http = HttpClient.newHttpClient();
    String page = "";
    while (page.isEmpty()) {
      String targets =
          http.send(
                  HttpRequest.newBuilder(
                          URI.create("http://127.0.0.1:" + devTools.getPort() + "/json/list"))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      for (JsonNode target : JSON.readTree(targets)) {
        if (target.path("type").asText().equals("page")) {
          page = target.path("webSocketDebuggerUrl").asText();
        }
      }
    }
    socket = http.newWebSocketBuilder().buildAsync(URI.create(page), new Messages()).join();
    send("Page.enable", Map.of());
  }

  private final class Messages implements WebSocket.Listener {
    private final StringBuilder message = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
      message.append(text);
      if (last) {
        try {
          JsonNode answer = JSON.readTree(message.toString());
          CompletableFuture<JsonNode> waiting = answers.remove(answer.path("id").asInt(-1));
          if (waiting != null) {
            waiting.complete(answer);
          }
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
        message.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  /// Sends a command of the protocol and returns its result.
  JsonNode send(String method, Map<String, Object> parameters) {
    int id = ids.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    answers.put(id, answer);
    ObjectNode command = JSON.createObjectNode().put("id", id).put("method", method);
    command.set("params", JSON.valueToTree(parameters));
    socket.sendText(command.toString(), true).join();
    JsonNode result = answer.orTimeout(LONGEST_WAIT.toSeconds(), TimeUnit.SECONDS).join();
    if (result.has("error")) {
      throw new AssertionError(method + ": " + result.get("error"));
    }
    return result.path("result");
  }

  /// The value of an expression in the page.
  JsonNode evaluate(String expression) {
    JsonNode result =
        send(
            "Runtime.evaluate",
            Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
    if (result.has("exceptionDetails")) {
      throw new AssertionError(expression + ": " + result.get("exceptionDetails"));
    }
    return result.path("result").path("value");
  }

  void open(URI address) {
    leave(() -> send("Page.navigate", Map.of("url", address.toString())));
  }

  /// Does what leads to another page, and waits for that.
  void leave(Runnable step) {
    evaluate("window.left = false");
    step.run();
    await("window.left === undefined && document.readyState === 'complete'");
  }

  /// Clicks the button or link with this text, and waits for the next page.
  void follow(String text) {
    leave(() -> click(text, 1));
  }

  /// Clicks the button or link with this text so many times at once.
  void click(String text, int times) {
    evaluate(
        """
        {const found = [...document.querySelectorAll('button, a')].find(it => it.textContent.trim() === %1$s);
        if (!found) throw new Error(%1$s + ' is not on ' + document.body.innerText);
        for (let i = 0; i < %2$d; i++) found.click();}
        """
            .formatted(quoted(text), times));
  }

  void fill(String name, String value) {
    evaluate(
        """
        {const field = document.querySelector('[name=' + %1$s + ']');
        field.value = %2$s; field.dispatchEvent(new Event('change', {bubbles: true}));}
        """
            .formatted(quoted(name), quoted(value)));
  }

  String text() {
    return evaluate("document.body.innerText").asText();
  }

  /// Waits until an expression is true in the page.
  void await(String expression) {
    long deadline = System.nanoTime() + LONGEST_WAIT.toNanos();
    while (!isTrue(expression)) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError(expression + " did not come true: " + text());
      }
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }

  /// While a page is replaced, there is nothing to ask.
  private boolean isTrue(String expression) {
    try {
      return evaluate(expression).asBoolean();
    } catch (AssertionError replaced) {
      return false;
    }
  }

  /// Shows the page as if the reader preferred this colour scheme, at once.
  ///
  /// @param scheme `light` or `dark`
  void prefer(String scheme) {
    // Otherwise colours change over a while, even if people ask for less motion.
    evaluate(
        """
        {const still = new CSSStyleSheet();
        still.replaceSync('*, ::before, ::after { transition: none !important }');
        document.adoptedStyleSheets = [still];}
        """);
    send(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  /// Shows pages as wide as this, on a phone if that is narrow.
  void resize(int width) {
    send(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 600));
  }

  void screenshot(Path file) throws IOException {
    byte[] png =
        Base64.getDecoder()
            .decode(
                send("Page.captureScreenshot", Map.of("captureBeyondViewport", true))
                    .path("data")
                    .asText());
    Files.createDirectories(file.getParent());
    Files.write(file, png);
  }

  static String quoted(String text) {
    try {
      return JSON.writeValueAsString(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    socket.abort();
    process.destroy();
  }
}

package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServicesResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// How long a person stays signed in.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@TestProfile(SignedInBroker.class)
class ConsoleSessionTest {
  private static final int SESSION_SECONDS = 10;

  @TestHTTPResource URI console;

  private static boolean isProvider(HttpResponse<String> page) {
    return page.uri().getPath().endsWith("/authorize");
  }

  @Test
  void session_endsWithTheIdToken_whateverTheVisitorDoes() throws Exception {
    WebClient admin = new WebClient(console);
    long end = Instant.now().getEpochSecond() + SESSION_SECONDS;
    admin.signIn("admin", "{\"exp\": " + end + "}");
    String form = admin.get("/").body();

    boolean hasEnded = false;
    for (long limit = System.nanoTime() + TimeUnit.MINUTES.toNanos(1); !hasEnded; ) {
      assertTrue(System.nanoTime() - limit < 0, "the session does not end");
      Thread.sleep(200);
      hasEnded = isProvider(admin.get("/"));
    }
    assertTrue(Instant.now().getEpochSecond() >= end, "the session ended early");
    HttpResponse<String> late =
        admin.post(
            console.resolve("/tenants/" + SignedInBroker.TENANT + "/new"),
            Map.of("csrf-token", WebClient.token(form), "id", "late", "way", "managed"));
    assertEquals("/session-ended", late.uri().getPath(), late.body());
    assertTrue(late.body().contains("A form that you have just sent has changed nothing."));
    assertFalse(late.body().contains("Signed in as"), late.body());
    for (String asset : List.of("pico.min.css", "console.css", "console.js", "icon.svg")) {
      assertFalse(isProvider(admin.get("/assets/" + asset)), asset);
    }
    assertEquals(
        Optional.of("/session-ended"), admin.ofScript("/").headers().firstValue("HX-Redirect"));

    admin.signIn("admin");
    assertEquals(200, admin.get("/").statusCode());
  }

  @Test
  void signOut_endsTheSession_hereAndAtTheProvider() {
    WebClient admin = WebClient.of("admin", console);
    HttpResponse<String> signedOut = admin.submit("/sign-out", Map.of());
    assertEquals(200, signedOut.statusCode());
    assertTrue(signedOut.body().contains("signed out"), signedOut.body());
    assertTrue(isProvider(admin.get("/")));

    String refresh = signedOut.headers().firstValue("Refresh").orElse("");
    assertTrue(
        refresh.matches("0; url=http://[a-z0-9.]+:\\d+/default/endsession\\?id_token_hint=ey.+"),
        refresh);
    HttpResponse<String> provider = admin.get(refresh.substring(refresh.indexOf("http")));
    assertEquals(200, provider.statusCode(), provider.body());
    assertFalse(provider.uri().getHost().isEmpty());
  }
}

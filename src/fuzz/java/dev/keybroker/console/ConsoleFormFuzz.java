package dev.keybroker.console;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import dev.keybroker.fuzz.Seeds;
import dev.keybroker.v1.ListAuditEventsRequest;
import io.quarkus.qute.Engine;
import io.quarkus.qute.EngineBuilder;
import io.quarkus.qute.HtmlEscaper;
import io.quarkus.qute.NamespaceResolver;
import io.quarkus.qute.ReflectionValueResolver;
import io.quarkus.qute.TemplateInstance;
import io.quarkus.qute.UserTagSectionHelper;
import io.quarkus.qute.Variant;
import jakarta.ws.rs.FormParam;
import jakarta.ws.rs.QueryParam;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a browser sends in a form of the console. It becomes a request of the API that says exactly
/// what its JSON shows, or is a [RefusedCall] with status 400; and the page that repeats the fields
/// holds none of them as markup. The templates are those of the console, by a plain engine.
///
/// The first byte of the input names the form. The rest are its fields in order, with a byte 0
/// between them.
public final class ConsoleFormFuzz {
  private static final Path TEMPLATES = Path.of("src/main/resources/templates");

  /// At the start of each field. In a page it must not stand as it was sent.
  private static final String MARK = "<i \"i 'i&lt;";

  private static final List<String> RAW = List.of("<i ", "\"i ", "'i&lt;");
  private static final String TENANT = "acme";
  private static final String NAME = "tenants/acme/keystores/calls";
  private static final Page PAGE = new Page(TENANT, "jwt:admin", true, "en", "", true, true, true);
  private static final Engine ENGINE = engine();

  private ConsoleFormFuzz() {}

  private static Engine engine() {
    EngineBuilder builder =
        Engine.builder()
            .addDefaults()
            .addValueResolver(new ReflectionValueResolver())
            .addResultMapper(new HtmlEscaper(List.of(Variant.TEXT_HTML)))
            .addNamespaceResolver(texts("msg"))
            .addNamespaceResolver(texts("csrf"))
            .addNamespaceResolver(texts("inject"))
            .addLocator(
                id ->
                    Files.exists(TEMPLATES.resolve(id + ".html"))
                        ? Optional.of(new Html(id))
                        : Optional.empty());
    try (var tags = Files.list(TEMPLATES.resolve("tags"))) {
      for (Path tag : tags.toList()) {
        String name = tag.getFileName().toString().replace(".html", "");
        builder.addSectionHelper(new UserTagSectionHelper.Factory(name, "tags/" + name));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return builder.build();
  }

  /// Texts of the console's own, which need no escaping.
  private static NamespaceResolver texts(String namespace) {
    return NamespaceResolver.builder(namespace)
        .resolve(
            context ->
                context.getName().equals("csrf")
                    ? Map.of("parameterName", "t", "token", "t")
                    : "text")
        .build();
  }

  private record Html(String id) implements io.quarkus.qute.TemplateLocator.TemplateLocation {
    @Override
    public java.io.Reader read() {
      try {
        return Files.newBufferedReader(TEMPLATES.resolve(id + ".html"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public Optional<Variant> getVariant() {
      return Optional.of(Variant.forContentType(Variant.TEXT_HTML));
    }
  }

  public static void fuzzerInitialize() {
    String key = "arn:aws:kms:eu-central-1:222233334444:alias/recordings";
    Seeds.add(
        "0calls\0Calls\0role\0" + key + "\0arn:aws:iam::222233334444:role/keybroker",
        "0calls\0<script>\0grant\0" + key + "\0\0id\0token\0true\0RSA_2048\0DAILY\0" + "900",
        "0calls\0\0managed\0\0\0\0\0\0ECC_NIST_P256\0NEVER\0" + "60\0FAIL_CLOSED\0" + "7\0save",
        "1" + key + "\0arn:aws:iam::222233334444:role/p\0{}\n---\n{\"Statement\": []}\0" + key,
        "22026-03-01T12:00\0" + "2026-03-02T12:00:00\0calls\0jwt:a\0REFUSED\0\0token",
        "2\0\0\0\0\0" + "ab".repeat(32),
        "2+1000000000-12-31T23:59\0-1-01-01T00:00\0\0\0FAILED",
        "3recording-id=r-1\r\ncaller=+49\0true",
        "3=x",
        "3a=1\na=2\0false");
  }

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    String[] values = new String(input, 1, input.length - 1, UTF_8).split("\0", -1);
    switch (input[0] % 4) {
      case 0 ->
          keystore(fill(new KeystoreForm(), values, ""), fill(new KeystoreForm(), values, MARK));
      case 1 ->
          pipeline(fill(new PipelineForm(), values, ""), fill(new PipelineForm(), values, MARK));
      case 2 -> audit(fill(new AuditFilter(), values, ""), fill(new AuditFilter(), values, MARK));
      default -> context(fill(new ContextForm(), values, ""));
    }
  }

  /// Sets the fields as the framework does.
  private static <F> F fill(F form, String[] values, String mark) {
    int next = 0;
    for (Field field : form.getClass().getFields()) {
      if (next == values.length) {
        break;
      }
      if (field.isAnnotationPresent(FormParam.class)
          || field.isAnnotationPresent(QueryParam.class)) {
        String value = values[next++];
        try {
          if (field.getType() == boolean.class) {
            field.setBoolean(form, Boolean.parseBoolean(value));
          } else if (field.getType() == String.class) {
            field.set(form, mark + value);
          } else {
            throw new AssertionError("a field of another type: " + field);
          }
        } catch (IllegalAccessException e) {
          throw new AssertionError(e);
        }
      }
    }
    return form;
  }

  private static void keystore(KeystoreForm form, KeystoreForm marked) {
    Message request = request(() -> form.keystore(NAME));
    if (request != null) {
      says(request);
    }
    says(form.key());
    shown(
        template("form")
            .data("form", marked)
            .data("isNew", true)
            .data("specs", List.of("RSA_3072"))
            .data("documents", null)
            .data("test", null)
            .data("refusal", refusal()),
        marked.key());
  }

  private static void pipeline(PipelineForm form, PipelineForm marked) {
    says(form.request(TENANT));
    shown(
        template("pipeline").data("form", marked).data("findings", null).data("refusal", refusal()),
        marked.request(TENANT));
  }

  private static void audit(AuditFilter filter, AuditFilter marked) {
    Message request = request(() -> filter.request(TENANT).build());
    if (request != null) {
      says(request);
    }
    holds(URI.create(filter.next("token")).getQuery() != null, "a further page without an address");
    shown(
        template("audit")
            .data("filter", marked)
            .data("outcomes", List.of("REFUSED"))
            .data("verification", VerificationView.UNKNOWN)
            .data("events", List.of())
            .data("more", true)
            .data("next", marked.next(MARK)),
        com.google.protobuf.Empty.getDefaultInstance());
  }

  /// The call that the page shows has the keys of the pairs, and none of their values.
  private static void context(ContextForm form) {
    Message request =
        request(
            () ->
                ListAuditEventsRequest.newBuilder()
                    .putAllEncryptionContext(form.pairs())
                    .setWholeEncryptionContext(form.whole)
                    .build());
    if (request instanceof ListAuditEventsRequest sent) {
      ListAuditEventsRequest shown = HiddenValues.of(sent);
      holds(
          shown.getEncryptionContextMap().keySet().equals(sent.getEncryptionContextMap().keySet()),
          "other keys");
      holds(
          shown.getEncryptionContextMap().values().stream().allMatch("\u2026"::equals),
          "a value that is shown");
      says(shown);
    }
  }

  private static RefusalView refusal() {
    return RefusalView.of(RefusedCall.invalid(MARK));
  }

  private static @Nullable Message request(java.util.function.Supplier<Message> form) {
    try {
      return form.get();
    } catch (RefusedCall refused) {
      holds(refused.httpStatus() == 400, "another refusal: " + refused.id());
      holds(!refused.text().isEmpty(), "a refusal without words");
      return null;
    }
  }

  /// The call that a page shows is the call that the broker makes.
  private static void says(Message request) {
    String command = ApiCall.grpcurl("Keystores/X", request);
    Message.Builder read = request.newBuilderForType();
    try {
      JsonFormat.parser().merge(ApiCall.json(request), read);
      // Text that is no Unicode cannot be sent; bytes decide.
      holds(
          read.build().toByteString().equals(request.toByteString()),
          "the call that is shown is another");
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
    holds(command.indexOf('\0') < 0, "a command that no shell takes");
  }

  private static TemplateInstance template(String name) {
    return ENGINE.getTemplate(name).instance().setLocale(Locale.ENGLISH);
  }

  private static void shown(TemplateInstance screen, Message call) {
    Page page =
        new Page(
            PAGE.tenant(),
            PAGE.visitor(),
            PAGE.signedIn(),
            PAGE.language(),
            ApiCall.grpcurl("Keystores/X", call),
            PAGE.views(),
            PAGE.edits(),
            PAGE.audits());
    String html = screen.data("page", page).render();
    holds(html.contains("</html>"), "a page without an end");
    for (String raw : RAW) {
      holds(!html.contains(raw), "unescaped: " + raw);
    }
  }
}

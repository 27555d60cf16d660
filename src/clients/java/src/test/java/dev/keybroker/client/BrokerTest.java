package dev.keybroker.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The client against a running broker: {@code KEYBROKER_ADDRESS} and {@code KEYBROKER_KEYSTORES},
 * of one tenant and separated by commas, name it.
 */
@EnabledIfEnvironmentVariable(named = "KEYBROKER_ADDRESS", matches = ".+")
class BrokerTest {
  private static final Map<String, String> CONTEXT = Map.of("recording", "r-1", "𝄞", "～", "～", "");
  private static final byte[] PLAINTEXT = Vectors.plaintext(200_000);

  @TempDir Path folder;
  private KeyBrokerClient client;

  static List<String> keystores() {
    return List.of(System.getenv("KEYBROKER_KEYSTORES").split(","));
  }

  @BeforeEach
  void connect() throws IOException {
    client =
        KeyBrokerClient.to(System.getenv("KEYBROKER_ADDRESS"))
            .plaintext()
            .deadline(Duration.ofSeconds(30))
            .build();
  }

  @AfterEach
  void disconnect() {
    client.close();
  }

  private Path record(String name, String keystore) throws IOException {
    Path file = folder.resolve(name);
    try (RecordingWriter writer =
        client.record(
            Files.newOutputStream(file), keystore, CONTEXT, it -> it.mediaType("audio/wav"))) {
      writer.write(PLAINTEXT);
    }
    return file;
  }

  private static RecordingHeader header(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return RecordingHeader.read(in);
    }
  }

  private byte[] played(Path file, Map<String, String> context) throws IOException {
    try (RecordingReader reader = client.open(file, context)) {
      return Channels.newInputStream(reader).readAllBytes();
    }
  }

  @ParameterizedTest
  @MethodSource("keystores")
  void recordingWrappedOffline_isUnwrappedByTheBroker(String keystore) throws IOException {
    Path file = record("recording", keystore);
    assertArrayEquals(PLAINTEXT, played(file, CONTEXT));
    assertArrayEquals(PLAINTEXT, played(file, null));
  }

  @ParameterizedTest
  @MethodSource("keystores")
  void sealedUnwrap_isOpenedByItsRecipientOnly(String keystore) throws IOException {
    Path file = record("recording", keystore);
    RecordingHeader header = header(file);
    RecipientKey recipient = RecipientKey.generate();
    byte[] sealed = client.unwrapSealed(header, CONTEXT, recipient.publicKey());
    try (Dek dek = recipient.open(sealed, header);
        RecordingReader reader = RecordingReader.open(Files.newByteChannel(file), dek, CONTEXT)) {
      assertArrayEquals(PLAINTEXT, Channels.newInputStream(reader).readAllBytes());
    }
    RecordingException refusal =
        assertThrows(RecordingException.class, () -> RecipientKey.generate().open(sealed, header));
    assertEquals(RecordingException.Reason.KEY, refusal.reason());
  }

  @ParameterizedTest
  @MethodSource("keystores")
  void rewrappedHeader_opensTheSameBody(String keystore) throws IOException {
    Path file = record("recording", keystores().get(0));
    RecordingHeader old = header(file);
    RecordingHeader moved = client.rewrap(old, CONTEXT, keystore);
    assertEquals(keystore, moved.keystore());
    assertNotEquals(old, moved);

    byte[] bytes = Files.readAllBytes(file);
    Path rewrapped = folder.resolve("rewrapped");
    Files.write(rewrapped, moved.toByteArray());
    Files.write(
        rewrapped,
        Arrays.copyOfRange(bytes, old.size(), bytes.length),
        java.nio.file.StandardOpenOption.APPEND);
    assertArrayEquals(PLAINTEXT, played(rewrapped, CONTEXT));
  }

  @Test
  void anotherContext_isRefusedBeforeTheCall() throws IOException {
    Path file = record("recording", keystores().get(0));
    RecordingException refusal =
        assertThrows(RecordingException.class, () -> client.open(file, Map.of()));
    assertEquals(RecordingException.Reason.CONTEXT, refusal.reason());
  }

  @Test
  void foreignWrappedDek_isRefusedWithTheBrokersReason() throws IOException {
    RecordingHeader header = header(record("recording", keystores().get(0)));
    byte[] changed = header.wrappedDek();
    changed[changed.length - 1] ^= 1;
    KeyBrokerException refusal =
        assertThrows(
            KeyBrokerException.class,
            () -> client.unwrap(header.withWrappedDek(header.keystore(), changed), CONTEXT));
    assertEquals("WRAPPED_DEK_NOT_AUTHENTIC", refusal.reason());
    assertEquals(Status.Code.INVALID_ARGUMENT, refusal.code());
    assertFalse(refusal.isRetryable());
  }

  @Test
  void gallery_isUnwrappedInBatches_andAFailureIsItsItemsOwn() throws IOException {
    RecordingHeader good = header(record("recording", keystores().get(0)));
    byte[] changed = good.wrappedDek();
    changed[changed.length - 1] ^= 1;
    List<RecordingHeader> headers = new ArrayList<>(java.util.Collections.nCopies(1_001, good));
    headers.set(7, good.withWrappedDek(good.keystore(), changed));
    List<UnwrapResult> results = client.unwrapAll(headers);

    assertEquals(1_001, results.size());
    for (int i = 0; i < results.size(); i++) {
      UnwrapResult result = results.get(i);
      if (i == 7) {
        assertThrows(KeyBrokerException.class, result::dek);
      } else {
        good.checkKey(result.dek());
      }
      result.close();
    }
  }

  @Test
  void unknownKeystore_isRefusedWithItsReason() {
    KeyBrokerException refusal =
        assertThrows(
            KeyBrokerException.class,
            () -> client.newDek("tenants/nobody/keystores/nothing", Map.of()));
    assertEquals("KEYSTORE_NOT_FOUND", refusal.reason());
  }

  @Test
  void brokerThatIsNotThere_isRetryable() throws IOException {
    try (KeyBrokerClient nobody =
        KeyBrokerClient.to("127.0.0.1:1").plaintext().deadline(Duration.ofSeconds(2)).build()) {
      KeyBrokerException failure =
          assertThrows(KeyBrokerException.class, () -> nobody.newDek(keystores().get(0), Map.of()));
      assertTrue(failure.isRetryable());
      assertEquals("", failure.reason());
    }
  }
}

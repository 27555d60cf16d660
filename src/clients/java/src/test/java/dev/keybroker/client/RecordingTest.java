package dev.keybroker.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What writers and readers do beyond the vectors. */
class RecordingTest {
  private static final String KEYSTORE = "tenants/acme/keystores/calls";
  private static final Map<String, String> CONTEXT = Map.of("recording", "r-1");
  private static final int SEGMENT = RecordingHeader.MIN_SEGMENT_SIZE;

  private static RecordingHeader header(Dek dek) {
    return RecordingHeader.builder(KEYSTORE, new byte[147]).context(CONTEXT).build(dek);
  }

  private static byte[] encrypt(Dek dek, byte[] plaintext) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (RecordingWriter writer = new RecordingWriter(out, header(dek), dek)) {
      writer.write(plaintext);
    }
    return out.toByteArray();
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  @Test
  void reads_atAnyPositionAndSize_giveThePlaintextThere() throws IOException {
    Dek dek = Dek.random();
    byte[] plaintext = random(3 * SEGMENT + 12_345);
    RecordingReader reader = RecordingReader.open(new Memory(encrypt(dek, plaintext)), dek, null);
    assertEquals(plaintext.length, reader.size());
    Random random = new Random(1);
    for (int i = 0; i < 500; i++) {
      int at = random.nextInt(plaintext.length + 1);
      int size = random.nextInt(i % 5 == 0 ? 2 * SEGMENT : 100);
      ByteBuffer target = ByteBuffer.allocate(size);
      int done = reader.position(at).read(target);
      int expected = Math.min(size, plaintext.length - at);
      assertEquals(at == plaintext.length ? -1 : expected, done);
      assertArrayEquals(
          Arrays.copyOfRange(plaintext, at, at + Math.max(expected, 0)),
          Arrays.copyOf(target.array(), Math.max(done, 0)));
    }
  }

  @Test
  void seek_readsTheLastSegmentAndTheOneItNeeds() throws IOException {
    Dek dek = Dek.random();
    byte[] plaintext = random(40 * SEGMENT);
    Memory file = new Memory(encrypt(dek, plaintext));
    RecordingReader reader = RecordingReader.open(file, dek, CONTEXT);
    long toOpen = file.read;
    assertTrue(toOpen <= SEGMENT + 1_024, "to open it: " + toOpen);

    reader.position(plaintext.length / 2).read(ByteBuffer.allocate(100));
    assertEquals(SEGMENT, file.read - toOpen);
    reader.position(plaintext.length / 2 + 100).read(ByteBuffer.allocate(100));
    assertEquals(SEGMENT, file.read - toOpen, "the segment is in memory");
  }

  @Test
  void streamReader_givesNoByteBeyondAChangedOne() throws IOException {
    Dek dek = Dek.random();
    byte[] file = encrypt(dek, random(2 * SEGMENT));
    file[header(dek).size() + SEGMENT + 10] ^= 1;
    InputStream in = new ByteArrayInputStream(file);
    InputStream plaintext = new RecordingStream(in, RecordingHeader.read(in), dek, CONTEXT);
    int capacity = SEGMENT - Segments.HEADER_SIZE - Segments.TAG_SIZE;
    assertEquals(capacity, plaintext.readNBytes(capacity).length);
    assertThrows(RecordingException.class, plaintext::read);
    assertThrows(RecordingException.class, plaintext::read);

    InputStream again = new ByteArrayInputStream(file);
    ByteArrayOutputStream transferred = new ByteArrayOutputStream();
    InputStream stream = new RecordingStream(again, RecordingHeader.read(again), dek, CONTEXT);
    assertThrows(RecordingException.class, () -> stream.transferTo(transferred));
    assertThrows(RecordingException.class, () -> stream.transferTo(transferred));
    assertEquals(capacity, transferred.size());
  }

  @Test
  void streamReader_cutOrClosed_neverComesToAnOrdinaryEnd() throws IOException {
    Dek dek = Dek.random();
    byte[] file = encrypt(dek, random(1000));
    InputStream in = new ByteArrayInputStream(file, 0, file.length - 1);
    InputStream cut = new RecordingStream(in, RecordingHeader.read(in), dek, CONTEXT);
    for (int i = 0; i < 3; i++) {
      assertThrows(RecordingException.class, cut::read);
    }
    InputStream whole = new ByteArrayInputStream(file);
    InputStream closed = new RecordingStream(whole, RecordingHeader.read(whole), dek, CONTEXT);
    closed.close();
    assertThrows(IOException.class, closed::read);
    assertThrows(IOException.class, () -> closed.transferTo(OutputStream.nullOutputStream()));
  }

  @Test
  void writer_abandoned_leavesTheFileIncomplete() throws IOException {
    Dek dek = Dek.random();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (RecordingWriter writer = new RecordingWriter(out, header(dek), dek)) {
      writer.write(random(2 * SEGMENT));
      writer.abandon();
      assertThrows(IOException.class, () -> writer.write(1));
    }
    byte[] file = out.toByteArray();
    assertThrows(
        RecordingException.class, () -> RecordingReader.open(new Memory(file), dek, CONTEXT));
    RecordingReader recovered = RecordingReader.recover(new Memory(file), dek, CONTEXT);
    assertEquals(2 * SEGMENT - Segments.HEADER_SIZE - 2 * Segments.TAG_SIZE, recovered.size());
  }

  @Test
  void writer_inPieces_givesTheSameAsAtOnce() throws IOException {
    Dek dek = Dek.random();
    byte[] plaintext = random(2 * SEGMENT + 77);
    byte[] salt = random(Segments.SALT_SIZE);
    byte[] prefix = random(Segments.PREFIX_SIZE);
    RecordingHeader header = header(dek);
    ByteArrayOutputStream once = new ByteArrayOutputStream();
    try (OutputStream writer = new RecordingWriter(once, header, dek, salt, prefix)) {
      writer.write(plaintext);
    }
    ByteArrayOutputStream pieces = new ByteArrayOutputStream();
    try (OutputStream writer = new RecordingWriter(pieces, header, dek, salt, prefix)) {
      Random random = new Random(2);
      int at = 0;
      while (at < plaintext.length) {
        int size = Math.min(1 + random.nextInt(3_000), plaintext.length - at);
        writer.write(plaintext, at, size);
        at += size;
      }
    }
    assertArrayEquals(once.toByteArray(), pieces.toByteArray());
  }

  @Test
  void writer_afterAFailedWrite_neverCompletesTheFile() throws IOException {
    Dek dek = Dek.random();
    ByteArrayOutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void write(byte[] bytes, int offset, int length) {
            if (size() > SEGMENT) {
              throw new IllegalStateException("no space");
            }
            super.write(bytes, offset, length);
          }
        };
    RecordingWriter writer = new RecordingWriter(out, header(dek), dek);
    assertThrows(IllegalStateException.class, () -> writer.write(random(3 * SEGMENT)));
    assertThrows(IOException.class, () -> writer.write(1));
    writer.close();
    byte[] file = out.toByteArray();
    assertThrows(
        RecordingException.class, () -> RecordingReader.open(new Memory(file), dek, CONTEXT));
    RecordingReader recovered = RecordingReader.recover(new Memory(file), dek, CONTEXT);
    assertFalse(recovered.isComplete());
    assertEquals(SEGMENT - Segments.HEADER_SIZE - Segments.TAG_SIZE, recovered.size());
  }

  @Test
  void writer_withAHeaderOfAnotherDek_isRefused() {
    assertThrows(
        RecordingException.class,
        () -> new RecordingWriter(new ByteArrayOutputStream(), header(Dek.random()), Dek.random()));
  }

  @Test
  void dek_closed_isOverwrittenAndUnusable() {
    byte[] bytes = random(32);
    Dek dek = Dek.adopt(bytes);
    dek.close();
    assertArrayEquals(new byte[32], bytes);
    assertThrows(IllegalStateException.class, dek::toByteArray);
    assertEquals("Dek[32 bytes]", dek.toString());
  }

  /**
   * 20,000 mutations of headers with one seed: no other exception, and what parses is read back the
   * same.
   */
  @Test
  void header_mutated_isRefusedOrReadBackTheSame() throws IOException {
    Random random = new Random(20_261_127);
    byte[][] headers = {
      Vectors.header(Vectors.named("all fields")).toByteArray(),
      Vectors.header(Vectors.named("context hidden")).toByteArray()
    };
    int read = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] header = headers[i % headers.length].clone();
      for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
        header[random.nextInt(header.length)] = (byte) random.nextInt(256);
      }
      header = Arrays.copyOf(header, header.length - (i % 7 == 0 ? random.nextInt(60) : 0));
      try {
        RecordingHeader parsed = RecordingHeader.read(new ByteArrayInputStream(header));
        byte[] again = parsed.toByteArray();
        assertArrayEquals(Arrays.copyOf(header, again.length), again);
        parsed.mediaType();
        parsed.created();
        parsed.metadata();
        read++;
      } catch (RecordingException e) {
        assertTrue(
            e.reason() == RecordingException.Reason.FORMAT
                || e.reason() == RecordingException.Reason.VERSION);
      }
    }
    assertTrue(read > 1_000, "mutations that change a value parse: " + read);
  }
}

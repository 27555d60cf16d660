package dev.keybroker.client;

import com.sun.management.OperatingSystemMXBean;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Speeds beside bare AES-256-GCM of the same provider over the same segments, as ratios in one run,
 * and short recordings wrapped offline. See the README for the command.
 */
final class Speed {
  private static final int SEGMENT = RecordingHeader.MIN_SEGMENT_SIZE;
  private static final int STEP = SEGMENT - Segments.TAG_SIZE;
  private static final int PARTS = 16;
  private static final int ROUNDS = 7;
  private static final int SHORT = 20 * 8_000;
  private static final int RECORDINGS = 10_000;

  private Speed() {}

  private interface Work {
    void run() throws Exception;
  }

  /** CPU time of this thread, so that what else runs on the machine matters little. */
  private static double seconds(Work work) throws Exception {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadCpuTime();
    work.run();
    return (threads.getCurrentThreadCpuTime() - start) / 1e9;
  }

  /** CPU time of all threads, so that the garbage collector's counts. */
  private static double processSeconds(Work work) throws Exception {
    OperatingSystemMXBean process =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    long start = process.getProcessCpuTime();
    work.run();
    return (process.getProcessCpuTime() - start) / 1e9;
  }

  /** Runs the two by turns, and prints the median of the ratios. */
  private static void compare(String name, Work bare, Work ours, int count) throws Exception {
    double[] ratios = new double[ROUNDS];
    double best = 0;
    for (int i = -2; i < ROUNDS; i++) {
      double first = seconds(bare);
      double second = seconds(ours);
      if (i >= 0) {
        ratios[i] = first / second;
        best = Math.max(best, (double) count * SEGMENT / (1 << 20) / second);
      }
    }
    Arrays.sort(ratios);
    System.out.printf(
        Locale.ROOT,
        "%s: %.2f of bare AES-256-GCM, at best %.0f MiB/s%n",
        name,
        ratios[ROUNDS / 2],
        best);
  }

  public static void main(String[] arguments) throws Exception {
    int count =
        (arguments.length > 0 ? Integer.parseInt(arguments[0]) : 512) * ((1 << 20) / SEGMENT);
    Dek dek = Dek.random();
    RecordingHeader header =
        RecordingHeader.builder("tenants/a/keystores/b", new byte[100]).build(dek);
    byte[] written = new byte[PARTS * SEGMENT];
    byte[] out = new byte[SEGMENT];
    Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
    SecretKeySpec key = new SecretKeySpec(new byte[32], "AES");

    compare(
        "encrypt",
        () -> {
          for (int i = 0; i < count; i++) {
            gcm.init(Cipher.ENCRYPT_MODE, key, nonce(i));
            gcm.doFinal(written, i % PARTS * STEP, STEP, out);
          }
        },
        () -> {
          try (OutputStream writer =
              new RecordingWriter(OutputStream.nullOutputStream(), header, dek)) {
            for (int i = 0; i < count / PARTS; i++) {
              writer.write(written);
            }
          }
        },
        count);

    ByteArrayOutputStream file = new ByteArrayOutputStream(count * SEGMENT + 1_000);
    try (OutputStream writer = new RecordingWriter(file, header, dek)) {
      for (int i = 0; i < count; i++) {
        writer.write(written, 0, STEP);
      }
    }
    byte[] bytes = file.toByteArray();
    byte[] segment = new byte[SEGMENT];
    byte[] sealed = new byte[count * SEGMENT];
    for (int i = 0; i < count; i++) {
      gcm.init(Cipher.ENCRYPT_MODE, key, nonce(i));
      gcm.doFinal(written, 0, STEP, sealed, i * SEGMENT);
    }
    compare(
        "decrypt",
        () -> {
          InputStream in = new ByteArrayInputStream(sealed);
          for (int i = 0; i < count; i++) {
            in.readNBytes(segment, 0, SEGMENT);
            gcm.init(Cipher.DECRYPT_MODE, key, nonce(i));
            gcm.doFinal(segment, 0, SEGMENT, out);
          }
        },
        () -> {
          InputStream in = new ByteArrayInputStream(bytes);
          RecordingHeader read = RecordingHeader.read(in);
          try (InputStream stream = new RecordingStream(in, read, dek, null)) {
            stream.transferTo(OutputStream.nullOutputStream());
          }
        },
        count);
    shortRecordings();
  }

  private static GCMParameterSpec nonce(int index) {
    return new GCMParameterSpec(128, ByteBuffer.allocate(12).putInt(8, index).array());
  }

  private static void shortRecordings() throws Exception {
    byte[] sound = new byte[SHORT];
    byte[] out = new byte[SHORT + Segments.TAG_SIZE];
    Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
    SecretKeySpec key = new SecretKeySpec(new byte[32], "AES");
    print(
        "bare AES-256-GCM",
        () -> {
          for (int i = 0; i < RECORDINGS; i++) {
            gcm.init(Cipher.ENCRYPT_MODE, key, nonce(i));
            gcm.doFinal(sound, 0, SHORT, out);
          }
        });
    ScheduledExecutorService background = Executors.newScheduledThreadPool(1);
    for (KeyPairSpec spec : new KeyPairSpec[] {KeyPairSpec.RSA_3072, KeyPairSpec.ECC_NIST_P256}) {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(spec.isRsa() ? "RSA" : "EC");
      if (spec.isRsa()) {
        generator.initialize(3072);
      } else {
        generator.initialize(new ECGenParameterSpec("secp256r1"));
      }
      String keystore = "tenants/a/keystores/b";
      PublicKek kek =
          new PublicKek(
              keystore + "/keks/" + UUID.randomUUID(),
              spec,
              generator.generateKeyPair().getPublic().getEncoded(),
              Instant.now(),
              Instant.MAX);
      for (Duration lifetime : List.of(Duration.ofSeconds(60), Duration.ZERO)) {
        OfflineWrapping wrapping =
            new OfflineWrapping(lifetime, Clock.systemUTC(), background, new SecureRandom());
        print(
            spec + (lifetime.isZero() ? ", without sessions" : ", in sessions"),
            () -> {
              for (int i = 0; i < RECORDINGS; i++) {
                Map<String, String> context = Map.of("recording", Integer.toString(i));
                try (Dek dek = Dek.random()) {
                  RecordingHeader header =
                      RecordingHeader.builder(keystore, wrapping.wrap(kek, dek, context))
                          .context(context)
                          .build(dek);
                  try (OutputStream writer =
                      new RecordingWriter(OutputStream.nullOutputStream(), header, dek)) {
                    writer.write(sound);
                  }
                }
              }
            });
      }
    }
    background.shutdownNow();
  }

  private static void print(String name, Work work) throws Exception {
    double best = Double.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      best = Math.min(best, processSeconds(work));
    }
    System.out.printf(
        Locale.ROOT,
        "%s: %.0f recordings of 160,000 bytes a second of CPU time%n",
        name,
        RECORDINGS / best);
  }
}

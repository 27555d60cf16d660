package dev.keybroker.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileAccessPolicyTest {
  private static final Caller CALLER = new Caller(Caller.Kind.DNS, "a.example");
  private static final Target TARGET = new Target("acme", "calls");

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final TestTime time = new TestTime();

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void write() throws IOException {
    file = folder.resolve("access.yaml");
    write("dek.wrap");
  }

  private void write(String permission) throws IOException {
    Files.writeString(file, text(permission));
  }

  private static String text(String permission) {
    return "version: 1\ngrants:\n  - {callers: ['dns:a.example'], permissions: [%s], on: [tenants/acme]}\n"
        .formatted(permission);
  }

  private FileAccessPolicy policy() throws AccessFileException {
    return new FileAccessPolicy(file, time, registry);
  }

  private static boolean allows(AccessPolicy policy, Permission permission) {
    return policy.allows(CALLER, permission, TARGET);
  }

  private double failures() {
    return registry.counter(Metrics.ACCESS_FILE_FAILURES).count();
  }

  private double age() {
    return registry.get(Metrics.ACCESS_FILE_AGE).gauge().value();
  }

  @Test
  void missingFile_atTheStart_isRefused() throws IOException {
    Files.delete(file);

    assertEquals(
        "cannot be read: NoSuchFileException",
        assertThrows(AccessFileException.class, this::policy).getMessage());
  }

  @Test
  void brokenFile_atTheStart_isRefused() throws IOException {
    write("dek.warp");

    assertTrue(
        assertThrows(AccessFileException.class, this::policy).getMessage().contains("dek.warp"));
  }

  @Test
  void changedFile_isInForceAfterTheReload() throws Exception {
    FileAccessPolicy policy = policy();
    write("dek.unwrap");
    assertTrue(allows(policy, Permission.DEK_WRAP));

    policy.reload();

    assertFalse(allows(policy, Permission.DEK_WRAP));
    assertTrue(allows(policy, Permission.DEK_UNWRAP));
  }

  @Test
  void changedFile_ofTheSameSizeAndTime_isSeen() throws Exception {
    FileAccessPolicy policy = policy();
    var modified = Files.getLastModifiedTime(file);
    Files.writeString(file, Files.readString(file).replace("dns:a.", "dns:b."));
    Files.setLastModifiedTime(file, modified);

    policy.reload();

    assertFalse(allows(policy, Permission.DEK_WRAP));
  }

  @Test
  void configMap_whoseDataLinkMoves_isSeen() throws Exception {
    Path old = Files.createDirectory(folder.resolve("..2026_1"));
    Path renewed = Files.createDirectory(folder.resolve("..2026_2"));
    Files.move(file, old.resolve("access.yaml"));
    Files.writeString(renewed.resolve("access.yaml"), text("dek.unwrap"));
    Path data = Files.createSymbolicLink(folder.resolve("..data"), old.getFileName());
    Files.createSymbolicLink(file, Path.of("..data", "access.yaml"));
    FileAccessPolicy policy = policy();

    Path next = Files.createSymbolicLink(folder.resolve("..data_tmp"), renewed.getFileName());
    Files.move(next, data, StandardCopyOption.ATOMIC_MOVE);
    policy.reload();

    assertTrue(allows(policy, Permission.DEK_UNWRAP));
    assertFalse(allows(policy, Permission.DEK_WRAP));
  }

  @Test
  void brokenFile_keepsTheOldOneInForceAndAlarms() throws Exception {
    FileAccessPolicy policy = policy();
    write("dek.warp");

    time.pass(Duration.ofSeconds(30));
    policy.reload();
    time.pass(Duration.ofSeconds(31));
    policy.reload();

    assertTrue(allows(policy, Permission.DEK_WRAP));
    assertEquals(2, failures());
    assertEquals(61, age());
  }

  @Test
  void missingFile_keepsTheOldOneInForceAndAlarms() throws Exception {
    FileAccessPolicy policy = policy();
    Files.delete(file);

    time.pass(Duration.ofSeconds(7));
    policy.reload();

    assertTrue(allows(policy, Permission.DEK_WRAP));
    assertEquals(1, failures());
    assertEquals(7, age());
  }

  @Test
  void mendedFile_isInForceAndEndsTheAlarm() throws Exception {
    FileAccessPolicy policy = policy();
    write("dek.warp");
    policy.reload();
    write("dek.unwrap");

    time.pass(Duration.ofSeconds(7));
    policy.reload();

    assertTrue(allows(policy, Permission.DEK_UNWRAP));
    assertEquals(1, failures());
    assertEquals(0, age());
  }

  @Test
  void unchangedFile_staysYoung() throws Exception {
    FileAccessPolicy policy = policy();

    time.pass(Duration.ofSeconds(7));
    policy.reload();

    assertTrue(allows(policy, Permission.DEK_WRAP));
    assertEquals(0, failures());
    assertEquals(0, age());
  }
}

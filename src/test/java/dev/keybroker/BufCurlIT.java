package dev.keybroker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeystoresGrpc;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Every rpc of the contract is found by reflection and called by `buf curl`, as somebody who
/// debugs would, against the packaged broker.
class BufCurlIT {
  private static final long LONGEST_CALL_SECONDS = 60;

  private record Answer(int exitCode, String printed) {}

  @Test
  void everyRpc_isListedAndCalledByReflection() throws Exception {
    ReadmeTourIT.needs(Files.isExecutable(ReadmeTourIT.BUF), "target/buf/buf");
    Path folder =
        Files.createTempDirectory(Files.createDirectories(Path.of("target/buf-curl")), "run-")
            .toAbsolutePath();
    try (EmbeddedServices services = EmbeddedServices.start(folder.resolve("services"));
        PackagedBroker broker =
            PackagedBroker.start(folder, ReadmeTourIT.configuration(services))) {
      String address = "http://127.0.0.1:" + broker.grpcPort();
      List<String> rpcs =
          Stream.of(
                  KeyBrokerGrpc.getServiceDescriptor(),
                  KeystoresGrpc.getServiceDescriptor(),
                  AuditLogGrpc.getServiceDescriptor())
              .flatMap(service -> service.getMethods().stream())
              .map(MethodDescriptor::getFullMethodName)
              .toList();

      assertEquals(
          new TreeSet<>(rpcs),
          buf(folder, "--list-methods", address)
              .printed
              .lines()
              .map(String::strip)
              .filter(line -> line.startsWith("keybroker.v1."))
              .collect(Collectors.toCollection(TreeSet::new)));
      for (String rpc : rpcs) {
        Answer answer = buf(folder, "-d", "{}", address + "/" + rpc);
        if (rpc.contains("/Batch") || rpc.endsWith("/RewrapDeks") || rpc.endsWith("/ListTenants")) {
          // An empty batch has no item that could be refused, and tenants have no parent.
          assertEquals(0, answer.exitCode, rpc + ": " + answer.printed);
        } else {
          // An empty request names no resource: refused by its constraints, so the rpc is there.
          assertTrue(answer.printed.contains("\"invalid_argument\""), rpc + ": " + answer.printed);
          assertFalse(answer.printed.contains("unimplemented"), rpc + ": " + answer.printed);
        }
      }
      Answer health =
          buf(
              folder,
              "-d",
              "{\"service\": \"keybroker.v1.KeyBroker\"}",
              address + "/grpc.health.v1.Health/Check");
      assertTrue(health.printed.contains("SERVING"), health.printed);
      assertFalse(health.printed.contains("NOT_SERVING"), health.printed);
    }
  }

  private static Answer buf(Path folder, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ReadmeTourIT.BUF.toString());
    command.addAll(List.of("curl", "--protocol", "grpc", "--http2-prior-knowledge"));
    command.addAll(List.of(arguments));
    Path output = folder.resolve("buf.out");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().put("BUF_CACHE_DIR", folder.resolve("buf-cache").toString());
    Process process = builder.start();
    assertTrue(process.waitFor(LONGEST_CALL_SECONDS, TimeUnit.SECONDS), "buf curl hangs");
    return new Answer(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
  }
}

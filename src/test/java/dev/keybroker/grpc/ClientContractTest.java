package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.AnyProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DurationProto;
import com.google.protobuf.Message;
import com.google.protobuf.TimestampProto;
import com.google.rpc.ErrorDetailsProto;
import com.google.rpc.StatusProto;
import dev.keybroker.v1.WrapDekRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The data plane's contract as the Python client embeds it: descriptors without constraints, so
/// that the client needs neither a generator nor protovalidate. With `-Dupdate-docs` the file is
/// written again.
class ClientContractTest {
  private static final Path FILE = Path.of("src/clients/python/src/keybroker/_contract.py");

  private static final List<FileDescriptor> FILES =
      List.of(
          AnyProto.getDescriptor(),
          DurationProto.getDescriptor(),
          TimestampProto.getDescriptor(),
          StatusProto.getDescriptor(),
          ErrorDetailsProto.getDescriptor(),
          WrapDekRequest.getDescriptor().getFile());

  @Test
  void contractOfThePythonClient_isThatOfTheBroker() throws IOException {
    FileDescriptorSet.Builder set = FileDescriptorSet.newBuilder();
    FILES.forEach(file -> set.addFile(plain(file)));
    Base64.Encoder encoder = Base64.getMimeEncoder(96, "\n".getBytes(StandardCharsets.US_ASCII));
    String text =
        "\"\"\"The broker's data plane as a FileDescriptorSet; written by"
            + " ClientContractTest.\"\"\"\n"
            + "\n"
            + "import base64\n"
            + "\n"
            + "CONTRACT = base64.b64decode(\n"
            + "    \"\"\"\n"
            + encoder.encodeToString(set.build().toByteArray())
            + "\n\"\"\"\n"
            + ")\n";
    if (System.getProperty("update-docs") != null) {
      Files.writeString(FILE, text);
    }
    assertEquals(Files.readString(FILE), text, "run this test with -Dupdate-docs");
  }

  /// Without options, which only code generators and the broker need.
  private static FileDescriptorProto plain(FileDescriptor file) {
    FileDescriptorProto.Builder plain = file.toProto().toBuilder();
    List<String> imports =
        plain.getDependencyList().stream().filter(it -> !it.startsWith("buf/")).toList();
    plain.clearDependency().addAllDependency(imports);
    clearOptions(plain);
    return plain.build();
  }

  /// Of every message, except `map_entry`, without which a map is no map.
  private static void clearOptions(Message.Builder builder) {
    builder
        .getAllFields()
        .forEach(
            (field, value) -> {
              if (field.getName().equals("options")) {
                boolean isMapEntry =
                    value instanceof com.google.protobuf.DescriptorProtos.MessageOptions options
                        && options.getMapEntry();
                if (!isMapEntry) {
                  builder.clearField(field);
                }
              } else if (field.isRepeated()
                  && field.getJavaType()
                      == com.google.protobuf.Descriptors.FieldDescriptor.JavaType.MESSAGE) {
                for (int i = 0; i < builder.getRepeatedFieldCount(field); i++) {
                  Message.Builder item = ((Message) builder.getRepeatedField(field, i)).toBuilder();
                  clearOptions(item);
                  builder.setRepeatedField(field, i, item.build());
                }
              }
            });
  }
}

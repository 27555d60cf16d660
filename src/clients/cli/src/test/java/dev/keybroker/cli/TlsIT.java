package dev.keybroker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.keybroker.client.Dek;
import dev.keybroker.client.RecordingHeader;
import dev.keybroker.client.RecordingWriter;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.PublicKek;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResponse;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.TlsServerCredentials;
import io.grpc.stub.StreamObserver;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command over TLS, with a server of this test in the broker's place. */
class TlsIT {
  private static final String KEYSTORE = "tenants/demo/keystores/calls";
  private static final byte[] DEK = new byte[32];
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  @TempDir Path folder;
  private Command command;
  private volatile String authorization;
  private volatile String subject;
  private Server server;

  private final class Broker extends KeyBrokerGrpc.KeyBrokerImplBase implements ServerInterceptor {
    private final byte[] publicKey;

    Broker(byte[] publicKey) {
      this.publicKey = publicKey;
    }

    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
      authorization = headers.get(AUTHORIZATION);
      subject = subject(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION));
      return next.startCall(call, headers);
    }

    @Override
    public void getPublicKek(GetPublicKekRequest request, StreamObserver<PublicKek> answer) {
      answer.onNext(
          PublicKek.newBuilder()
              .setKek(KEYSTORE + "/keks/" + new UUID(1, 2))
              .setSpec(KeyPairSpec.KEY_PAIR_SPEC_RSA_2048)
              .setPublicKey(ByteString.copyFrom(publicKey))
              .setRefreshTime(
                  Timestamp.newBuilder().setSeconds(Instant.now().getEpochSecond() + 60))
              .build());
      answer.onCompleted();
    }

    @Override
    public void unwrapDek(UnwrapDekRequest request, StreamObserver<UnwrapDekResponse> answer) {
      answer.onNext(UnwrapDekResponse.newBuilder().setDek(ByteString.copyFrom(DEK)).build());
      answer.onCompleted();
    }
  }

  private static String subject(SSLSession session) {
    try {
      return session.getPeerPrincipal().getName();
    } catch (SSLPeerUnverifiedException e) {
      return null;
    }
  }

  @BeforeEach
  void start() throws Exception {
    command = new Command(folder);
    certificate("server");
    certificate("client");
    KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
    rsa.initialize(2048);
    Broker broker = new Broker(rsa.generateKeyPair().getPublic().getEncoded());
    server =
        Grpc.newServerBuilderForPort(
                0,
                TlsServerCredentials.newBuilder()
                    .keyManager(file("server.crt"), file("server.key"))
                    .trustManager(file("client.crt"))
                    .clientAuth(TlsServerCredentials.ClientAuth.OPTIONAL)
                    .build())
            .addService(broker)
            .intercept(broker)
            .build()
            .start();
    Files.writeString(folder.resolve("call.wav"), "sound");
  }

  @AfterEach
  void stop() throws Exception {
    server.shutdownNow().awaitTermination(1, TimeUnit.MINUTES);
  }

  private java.io.File file(String name) {
    return folder.resolve(name).toFile();
  }

  /** A self-signed certificate for this machine, and its key, as PEM. */
  private void certificate(String name) throws Exception {
    Path store = folder.resolve(name + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keystore",
                store.toString(),
                "-storepass",
                "password",
                "-alias",
                name,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=" + name,
                "-ext",
                "SAN=IP:127.0.0.1")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve(name + ".txt").toFile())
            .start();
    assertTrue(keytool.waitFor(1, TimeUnit.MINUTES));
    assertEquals(0, keytool.exitValue());
    KeyStore keys = KeyStore.getInstance(store.toFile(), "password".toCharArray());
    Certificate certificate = keys.getCertificate(name);
    Key key = keys.getKey(name, "password".toCharArray());
    Files.writeString(folder.resolve(name + ".crt"), pem("CERTIFICATE", certificate.getEncoded()));
    Files.writeString(folder.resolve(name + ".key"), pem("PRIVATE KEY", key.getEncoded()));
  }

  private static String pem(String type, byte[] bytes) {
    return "-----BEGIN "
        + type
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes)
        + "\n-----END "
        + type
        + "-----\n";
  }

  private Command.Run encrypt(String... options) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("encrypt", "--keystore", KEYSTORE));
    arguments.addAll(List.of("--broker", "127.0.0.1:" + server.getPort(), "--deadline", "60"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("call.wav", "call.kbr"));
    return command.run(arguments.toArray(String[]::new));
  }

  @Test
  void clientCertificate_isPresented() throws Exception {
    encrypt("--authorities", "server.crt", "--certificate", "client.crt", "--key", "client.key")
        .exits(ExitCode.DONE);
    assertEquals("CN=client", subject);
    assertTrue(Files.exists(folder.resolve("call.kbr")));
  }

  @Test
  void token_isSent() throws Exception {
    Files.writeString(folder.resolve("token"), "abc\n");
    encrypt("--authorities", "server.crt", "--token-file", "token").exits(ExitCode.DONE);
    assertEquals("Bearer abc", authorization);
  }

  @Test
  void recording_isVerified() throws Exception {
    try (Dek dek = Dek.adopt(DEK.clone());
        OutputStream out = Files.newOutputStream(folder.resolve("call.kbr"))) {
      RecordingHeader header = RecordingHeader.builder(KEYSTORE, new byte[100]).build(dek);
      try (RecordingWriter writer = new RecordingWriter(out, header, dek)) {
        writer.write(new byte[200_000]);
      }
    }
    Command.Run run =
        command.run(
            "verify",
            "--broker",
            "127.0.0.1:" + server.getPort(),
            "--deadline",
            "60",
            "--authorities",
            "server.crt",
            "call.kbr");
    assertTrue(run.exits(ExitCode.DONE).text().contains("200000 bytes"), run.text());
  }

  @Test
  void serverThatNoAuthorityVouchesFor_isNotCalled() throws Exception {
    encrypt().exits(ExitCode.BROKER_AWAY);
    encrypt("--authorities", "client.crt").exits(ExitCode.BROKER_AWAY);
    encrypt("--plaintext").exits(ExitCode.BROKER_AWAY);
    assertTrue(Files.notExists(folder.resolve("call.kbr")));
  }
}

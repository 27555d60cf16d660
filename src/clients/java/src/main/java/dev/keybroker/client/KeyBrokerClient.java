package dev.keybroker.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDekResponse;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.UnwrapDekResult;
import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A client of the brokers' data plane. It balances its calls over the brokers, watches their health
 * and retries. Create one for the whole application. Thread-safe.
 *
 * <p>Recording needs no call for each recording: the client generates the DEK and wraps it under
 * the public KEK, which it keeps. While the brokers are away, it uses the last known KEK up to
 * {@link Builder#offline}.
 */
public final class KeyBrokerClient implements AutoCloseable {
  private static final int BATCH = 1_000;
  private static final int LARGEST_ANSWER = 16 << 20;
  private static final Duration MIN_FRESH = Duration.ofSeconds(3);
  private static final Duration MAX_FRESH = Duration.ofMinutes(5);
  private static final Duration CERTIFICATES_EVERY = Duration.ofMinutes(1);

  /** The service config of src/docs/restarts.md. */
  private static final Map<String, ?> SERVICE_CONFIG =
      Map.of(
          "loadBalancingConfig",
          List.of(Map.of("round_robin", Map.of())),
          "healthCheckConfig",
          Map.of("serviceName", KeyBrokerGrpc.SERVICE_NAME),
          "methodConfig",
          List.of(
              Map.of(
                  "name",
                  List.of(Map.of("service", KeyBrokerGrpc.SERVICE_NAME)),
                  "retryPolicy",
                  Map.of(
                      "maxAttempts",
                      4.0,
                      "initialBackoff",
                      "0.1s",
                      "maxBackoff",
                      "1s",
                      "backoffMultiplier",
                      2.0,
                      "retryableStatusCodes",
                      List.of("UNAVAILABLE")))),
          "retryThrottling",
          Map.of("maxTokens", 100.0, "tokenRatio", 0.1));

  private final ManagedChannel channel;
  private final KeyBrokerGrpc.KeyBrokerBlockingStub stub;
  private final Duration deadline;
  private final ScheduledExecutorService background;
  private final PublicKeks publicKeks;
  private final OfflineWrapping wrapping;

  private KeyBrokerClient(
      ManagedChannel channel,
      Builder builder,
      ScheduledExecutorService background,
      StoredKeks stored) {
    this.channel = channel;
    this.deadline = builder.deadline;
    this.background = background;
    KeyBrokerGrpc.KeyBrokerBlockingStub plain =
        KeyBrokerGrpc.newBlockingStub(channel).withMaxInboundMessageSize(LARGEST_ANSWER);
    this.stub =
        builder.token == null ? plain : plain.withCallCredentials(new Bearer(builder.token));
    this.publicKeks =
        new PublicKeks(this::readPublicKek, background, Clock.systemUTC(), builder.offline, stored);
    this.wrapping =
        new OfflineWrapping(builder.wrapSession, Clock.systemUTC(), background, new SecureRandom());
  }

  /**
   * Starts a client of the brokers at a gRPC target, e.g. {@code dns:///keybroker.example:9000}.
   */
  public static Builder to(String target) {
    return new Builder(target);
  }

  /**
   * How the brokers are reached. By default by TLS, with the authorities of the JDK and without a
   * certificate.
   */
  public static final class Builder {
    private final String target;
    private boolean plaintext;
    private File authorities;
    private File certificate;
    private File key;
    private Supplier<String> token;
    private Duration deadline = Duration.ofSeconds(5);
    private Duration offline = Duration.ofHours(24);
    private Duration wrapSession = Duration.ofSeconds(60);
    private Path publicKeks;

    private Builder(String target) {
      this.target = target;
    }

    /** Without TLS, for a broker on this machine in a test. */
    public Builder plaintext() {
      this.plaintext = true;
      return this;
    }

    /**
     * The authorities of the brokers' certificates, a file of PEM that is read again every minute.
     */
    public Builder authorities(Path pem) {
      this.authorities = pem.toFile();
      return this;
    }

    /**
     * The client's certificate and its PKCS#8 key, files of PEM that are read again every minute.
     */
    public Builder certificate(Path certificatePem, Path keyPem) {
      this.certificate = certificatePem.toFile();
      this.key = keyPem.toFile();
      return this;
    }

    /**
     * A bearer token, asked for at each call, e.g. from the file of a Kubernetes service account.
     */
    public Builder token(Supplier<String> source) {
      this.token = source;
      return this;
    }

    /** How long a call may take, its retries included; by default 5 s. */
    public Builder deadline(Duration time) {
      this.deadline = time;
      return this;
    }

    /**
     * How old a public KEK may be that is used while the brokers are away; by default 24 h.
     * Recordings of that time are wrapped under a KEK that may have been retired, which unwraps
     * like the ACTIVE one.
     */
    public Builder offline(Duration time) {
      this.offline = time;
      return this;
    }

    /**
     * How long one encapsulated secret serves the DEKs of a KEK; by default 60 s, at most 10 min.
     * Zero: each DEK has its own, which costs a public-key operation for each recording. Whoever
     * reads the secret in this process's memory can open all DEKs that it serves.
     */
    public Builder wrapSession(Duration time) {
      if (time.isNegative() || time.compareTo(Duration.ofMinutes(10)) > 0) {
        throw new IllegalArgumentException("a wrap session lasts from zero to 10 minutes");
      }
      this.wrapSession = time;
      return this;
    }

    /**
     * Keeps the public KEKs in a folder as well, so that a process that was just started can record
     * while the brokers are away. Whoever can write to the folder decides who can read the
     * recordings. It is created for this user only, and refused if others can write to it.
     */
    public Builder publicKeks(Path folder) {
      this.publicKeks = folder;
      return this;
    }

    /** Creates the client. It connects at the first call. */
    public KeyBrokerClient build() throws IOException {
      if (plaintext && (token != null || certificate != null || authorities != null)) {
        throw new IllegalStateException("credentials need TLS");
      }
      StoredKeks stored = publicKeks == null ? null : new StoredKeks(publicKeks);
      ScheduledExecutorService background =
          Executors.newScheduledThreadPool(
              2,
              work -> {
                Thread thread = new Thread(work, "keybroker-client");
                thread.setDaemon(true);
                return thread;
              });
      try {
        ManagedChannel channel =
            Grpc.newChannelBuilder(
                    target, plaintext ? InsecureChannelCredentials.create() : tls(background))
                .defaultServiceConfig(SERVICE_CONFIG)
                .enableRetry()
                .build();
        return new KeyBrokerClient(channel, this, background, stored);
      } catch (IOException | RuntimeException e) {
        background.shutdownNow();
        throw e;
      }
    }

    private ChannelCredentials tls(ScheduledExecutorService background) throws IOException {
      TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder();
      long seconds = CERTIFICATES_EVERY.toSeconds();
      try {
        if (authorities != null) {
          AdvancedTlsX509TrustManager trust = AdvancedTlsX509TrustManager.newBuilder().build();
          trust.updateTrustCredentials(authorities, seconds, TimeUnit.SECONDS, background);
          tls.trustManager(trust);
        }
        if (certificate != null) {
          AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
          keys.updateIdentityCredentials(certificate, key, seconds, TimeUnit.SECONDS, background);
          tls.keyManager(keys);
        }
      } catch (GeneralSecurityException e) {
        throw new IOException("the TLS files are not usable", e);
      }
      return tls.build();
    }
  }

  private static final class Bearer extends CallCredentials {
    private static final Metadata.Key<String> AUTHORIZATION =
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final Supplier<String> token;

    Bearer(Supplier<String> token) {
      this.token = token;
    }

    @Override
    public void applyRequestMetadata(
        RequestInfo request, Executor executor, MetadataApplier applier) {
      executor.execute(
          () -> {
            try {
              Metadata headers = new Metadata();
              headers.put(AUTHORIZATION, "Bearer " + token.get());
              applier.apply(headers);
            } catch (RuntimeException e) {
              applier.fail(Status.UNAUTHENTICATED.withDescription("no token").withCause(e));
            }
          });
    }
  }

  private KeyBrokerGrpc.KeyBrokerBlockingStub stub() {
    return stub.withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS);
  }

  private interface Call<T> {
    T run() throws StatusRuntimeException;
  }

  private static <T> T call(Call<T> call) throws KeyBrokerException {
    try {
      return call.run();
    } catch (StatusRuntimeException e) {
      throw KeyBrokerException.of(e);
    }
  }

  private PublicKek readPublicKek(String keystore) throws KeyBrokerException {
    Instant read = Instant.now();
    dev.keybroker.v1.PublicKek kek =
        call(
            () ->
                stub()
                    .getPublicKek(GetPublicKekRequest.newBuilder().setKeystore(keystore).build()));
    // By the broker's clock, which may differ from this one's.
    Instant refresh =
        Instant.ofEpochSecond(kek.getRefreshTime().getSeconds(), kek.getRefreshTime().getNanos());
    if (refresh.isBefore(read.plus(MIN_FRESH))) {
      refresh = read.plus(MIN_FRESH);
    } else if (refresh.isAfter(read.plus(MAX_FRESH))) {
      refresh = read.plus(MAX_FRESH);
    }
    return new PublicKek(
        kek.getKek(),
        KeyPairSpec.valueOf(kek.getSpec().name().substring("KEY_PAIR_SPEC_".length())),
        kek.getPublicKey().toByteArray(),
        read,
        refresh);
  }

  /**
   * The name of the keystore's ACTIVE KEK, under which {@link #newDek} wraps. Calls the broker only
   * if the public KEK is not in memory or is too old.
   */
  public String activeKek(String keystore) throws KeyBrokerException {
    return publicKeks.get(keystore).name();
  }

  /**
   * Generates a DEK and wraps it under the keystore's ACTIVE KEK. The DEK does not leave this
   * process. Calls the broker only if the public KEK is not in memory or is too old.
   */
  public NewDek newDek(String keystore, Map<String, String> context) throws IOException {
    PublicKek kek = publicKeks.get(keystore);
    Dek dek = Dek.random();
    try {
      return new NewDek(dek, keystore, wrapping.wrap(kek, dek, context), kek.name());
    } catch (RuntimeException e) {
      dek.close();
      throw e;
    }
  }

  /**
   * Starts a recording with its own DEK, which is closed before this returns.
   *
   * @param out closed with the writer
   * @param options what else the header says
   */
  public RecordingWriter record(
      OutputStream out,
      String keystore,
      Map<String, String> context,
      UnaryOperator<RecordingHeader.Builder> options)
      throws IOException {
    try (NewDek dek = newDek(keystore, context)) {
      RecordingHeader.Builder header =
          RecordingHeader.builder(keystore, dek.wrappedDek()).context(context);
      return new RecordingWriter(out, options.apply(header).build(dek.dek()), dek.dek());
    }
  }

  /**
   * Opens a recording at any position. The DEK is closed before this returns.
   *
   * @param context the encryption context; null if the header's own is trusted
   */
  public RecordingReader open(Path file, Map<String, String> context) throws IOException {
    SeekableByteChannel channelOfFile = Files.newByteChannel(file);
    try {
      RecordingHeader header =
          RecordingHeader.read(java.nio.channels.Channels.newInputStream(channelOfFile));
      try (Dek dek = unwrap(header, context)) {
        return RecordingReader.open(channelOfFile, dek, context);
      }
    } catch (IOException | RuntimeException e) {
      channelOfFile.close();
      throw e;
    }
  }

  /**
   * Unwraps the DEK of a recording. The caller closes it.
   *
   * @param context the encryption context; null if the header's own is trusted
   */
  public Dek unwrap(RecordingHeader header, Map<String, String> context) throws IOException {
    UnwrapDekRequest request = unwrapRequest(header, context);
    return dek(call(() -> stub().unwrapDek(request)));
  }

  /**
   * Unwraps the DEK of a recording for a recipient, e.g. a page in a browser: the broker seals it
   * to the recipient's key, and this process does not see it.
   *
   * @param context the encryption context; null if the header's own is trusted
   * @param recipientPublicKey an uncompressed P-256 point or an X25519 key
   * @return what {@link RecipientKey#open} opens
   */
  public byte[] unwrapSealed(
      RecordingHeader header, Map<String, String> context, byte[] recipientPublicKey)
      throws IOException {
    UnwrapDekRequest request =
        unwrapRequest(header, context).toBuilder()
            .setRecipientPublicKey(ByteString.copyFrom(recipientPublicKey))
            .build();
    return call(() -> stub().unwrapDek(request)).getSealedDek().toByteArray();
  }

  private static Map<String, String> checked(RecordingHeader header, Map<String, String> context)
      throws RecordingException {
    header.checkContext(context);
    return context == null ? header.context().orElseThrow() : context;
  }

  private static UnwrapDekRequest unwrapRequest(RecordingHeader header, Map<String, String> context)
      throws RecordingException {
    return UnwrapDekRequest.newBuilder()
        .setKeystore(header.keystore())
        .setWrappedDek(UnsafeByteOperations.unsafeWrap(header.wrappedDek()))
        .putAllEncryptionContext(checked(header, context))
        .build();
  }

  private static Dek dek(UnwrapDekResponse response) {
    return Dek.adopt(response.getDek().toByteArray());
  }

  /**
   * Unwraps the DEKs of many recordings whose headers have their contexts, e.g. for a gallery, in
   * batches of 1,000. The caller closes the results, which are in the order of the headers.
   */
  public List<UnwrapResult> unwrapAll(List<RecordingHeader> headers) throws IOException {
    List<UnwrapResult> results = new ArrayList<>(headers.size());
    try {
      for (int from = 0; from < headers.size(); from += BATCH) {
        BatchUnwrapDeksRequest.Builder batch = BatchUnwrapDeksRequest.newBuilder();
        for (RecordingHeader header :
            headers.subList(from, Math.min(from + BATCH, headers.size()))) {
          batch.addRequests(unwrapRequest(header, null));
        }
        for (UnwrapDekResult result :
            call(() -> stub().batchUnwrapDeks(batch.build())).getResultsList()) {
          results.add(
              result.hasResponse()
                  ? new UnwrapResult(dek(result.getResponse()), null)
                  : new UnwrapResult(null, KeyBrokerException.of(result.getError())));
        }
      }
      return results;
    } catch (IOException | RuntimeException e) {
      results.forEach(UnwrapResult::close);
      throw e;
    }
  }

  /**
   * Moves a recording's DEK to the ACTIVE KEK of its keystore, or of another keystore of the
   * tenant. Returns the header that replaces the old one; the body of the file stays as it is.
   *
   * @param context the encryption context; null if the header's own is trusted
   * @param destination the keystore to move to; null if it stays in its own
   */
  public RecordingHeader rewrap(
      RecordingHeader header, Map<String, String> context, String destination) throws IOException {
    RewrapDekRequest request =
        RewrapDekRequest.newBuilder()
            .setKeystore(header.keystore())
            .setWrappedDek(ByteString.copyFrom(header.wrappedDek()))
            .putAllEncryptionContext(checked(header, context))
            .setDestinationKeystore(destination == null ? "" : destination)
            .build();
    RewrapDekResponse response = call(() -> stub().rewrapDek(request));
    return header.withWrappedDek(
        destination == null ? header.keystore() : destination,
        response.getWrappedDek().toByteArray());
  }

  /** Ends the connections. Calls in progress fail. */
  @Override
  public void close() {
    channel.shutdownNow();
    background.shutdownNow();
    wrapping.close();
  }
}

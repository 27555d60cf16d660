package dev.keybroker.kms.aws;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.concurrent.HandOff;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.CreatedGrant;
import dev.keybroker.kms.DecryptedPrivateKey;
import dev.keybroker.kms.EncryptedPrivateKey;
import dev.keybroker.kms.GeneratedKeyPair;
import dev.keybroker.kms.GrantTokens;
import dev.keybroker.kms.KeyOperation;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.KmsKeyDescription;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import java.net.URI;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.awscore.AwsServiceClientConfiguration;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsAsyncClient;
import software.amazon.awssdk.services.kms.model.DataKeyPairSpec;
import software.amazon.awssdk.services.kms.model.DecryptResponse;
import software.amazon.awssdk.services.kms.model.DescribeKeyResponse;

/// AWS KMS, called through the AWS SDK's async client.
///
/// A call goes to the region of the key's ARN, or to that of a replica ([Failover]), in the name of
/// the key's role or of the broker's own principal. Calls hold no caller's thread; answers are
/// delivered on virtual threads.
///
/// **What cannot be wiped.** The broker adopts the plaintext of a Decrypt as the SDK returns it,
/// without a copy. Before that, the SDK has held it, Base64-encoded, in the buffers of the HTTP
/// response and in a string. The same is true of the request of an Encrypt. Those copies become
/// garbage at once, but only the collector overwrites them. The SDK's own debug logs of requests
/// and responses leave plaintexts out; its wire logs do not, so `io.netty` and
/// `software.amazon.awssdk.http` must stay above DEBUG.
public final class AwsKms implements Kms, AutoCloseable {
  private final AwsConfig config;
  private final AwsClients sdk;
  private final KmsClients clients;
  private final RoleSessions sessions;
  private final Failover failover;
  private final Credentials own;
  private final LoadingCache<AssumedRole, RoleCredentials> roles;
  private final GrantTokens tokens;

  /// @param service the broker's principal, home region and endpoint, from an SDK client that is
  ///     configured for the broker: `KmsAsyncClient.serviceClientConfiguration()`
  /// @param allowedRegions the only regions in which keys are called, the first choice first; empty
  ///     means all, each key in its own
  /// @param tokens the tokens of new grants, which calls by these grants carry
  /// @param clock the clock by which sessions expire
  /// @throws IllegalArgumentException if a setting is out of bounds
  public AwsKms(
      AwsServiceClientConfiguration service,
      AwsConfig config,
      List<String> allowedRegions,
      GrantTokens tokens,
      InstantSource clock,
      Ticker ticker,
      MeterRegistry registry) {
    this.config = config;
    this.tokens = tokens;
    this.sdk = new AwsClients(service, config);
    this.clients = new KmsClients(sdk, config.clientCacheSize());
    this.own = new OwnCredentials(service.credentialsProvider(), sdk.executor());
    this.failover =
        new Failover(
            new Replicas(allowedRegions, config.clientCacheSize(), sdk.executor()),
            new Outages("KMS", config.regionRetryDelay(), ticker),
            new RefusedUses(sdk.executor()),
            registry);
    this.sessions =
        new RoleSessions(
            sdk,
            allowedRegions,
            new Outages("STS", config.regionRetryDelay(), ticker),
            own,
            config,
            clock);
    this.roles =
        Caffeine.newBuilder()
            .maximumSize(config.clientCacheSize())
            .executor(sdk.executor())
            .build(
                role ->
                    new RoleCredentials(
                        () -> sessions.begin(role), config.assumeRoleRetryDelay(), clock));
  }

  @Override
  public Uni<GeneratedKeyPair> generateKeyPair(KeyUse use, KeyPairSpec spec) {
    return onKms(
        KmsAction.GENERATE_KEY_PAIR,
        use,
        (kms, replica, override) ->
            kms.generateDataKeyPairWithoutPlaintext(
                request ->
                    request
                        .keyId(replica.toString())
                        .keyPairSpec(spec(spec))
                        .encryptionContext(use.context().pairs())
                        .grantTokens(tokens.of(use))
                        .overrideConfiguration(
                            override.toBuilder()
                                .apiCallAttemptTimeout(override.apiCallTimeout().orElseThrow())
                                .build())),
        (answer, replica) ->
            new GeneratedKeyPair(
                ResponseFields.requiredBytes(answer.publicKey()),
                ResponseFields.requiredBytes(answer.privateKeyCiphertextBlob()),
                AwsArns.key(answer.keyId(), replica)));
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(KeyUse use, SecretBytes privateKey) {
    return Uni.createFrom()
        .deferred(
            () -> {
              byte[] copy = privateKey.toByteArray();
              return encrypt(use, copy).onTermination().invoke(() -> Arrays.fill(copy, (byte) 0));
            });
  }

  private Uni<EncryptedPrivateKey> encrypt(KeyUse use, byte[] privateKey) {
    return onKms(
        KmsAction.ENCRYPT,
        use,
        (kms, replica, override) ->
            kms.encrypt(
                request ->
                    request
                        .keyId(replica.toString())
                        .plaintext(SdkBytes.fromByteArrayUnsafe(privateKey))
                        .encryptionContext(use.context().pairs())
                        .grantTokens(tokens.of(use))
                        .overrideConfiguration(override)),
        (answer, replica) ->
            new EncryptedPrivateKey(
                ResponseFields.requiredBytes(answer.ciphertextBlob()),
                AwsArns.key(answer.keyId(), replica)));
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(KeyUse use, byte[] encryptedPrivateKey) {
    return onKms(
        KmsAction.DECRYPT,
        use,
        (kms, replica, override) ->
            kms.decrypt(
                request ->
                    request
                        .keyId(replica.toString())
                        .ciphertextBlob(SdkBytes.fromByteArray(encryptedPrivateKey))
                        .encryptionContext(use.context().pairs())
                        .grantTokens(tokens.of(use))
                        .overrideConfiguration(override)),
        (answer, replica) ->
            new DecryptedPrivateKey(
                SecretBytes.adopt(ResponseFields.requiredBytes(answer.plaintext())),
                requestId(answer, use, replica)));
  }

  /// Appends the region if it is not the key's own, because CloudTrail records the call there, and
  /// how the call was allowed.
  private static @Nullable String requestId(DecryptResponse answer, KeyUse use, KmsArn replica) {
    String id = AwsFailures.requestId(answer.responseMetadata().requestId());
    if (id == null) {
      return null;
    }
    String place = replica.equals(use.key().arn()) ? "" : "@" + replica.region();
    return id + place + use.key().way();
  }

  @Override
  public Uni<EncryptedPrivateKey> reEncryptPrivateKey(
      KeyUse from, byte[] encryptedPrivateKey, KeyUse to) {
    return onKms(
        KmsAction.RE_ENCRYPT,
        to,
        (kms, replica, override) ->
            kms.reEncrypt(
                request ->
                    request
                        .sourceKeyId(from.key().arn().toString())
                        .destinationKeyId(replica.toString())
                        .ciphertextBlob(SdkBytes.fromByteArray(encryptedPrivateKey))
                        .sourceEncryptionContext(from.context().pairs())
                        .destinationEncryptionContext(to.context().pairs())
                        .grantTokens(
                            Stream.of(from, to).flatMap(use -> tokens.of(use).stream()).toList())
                        .overrideConfiguration(override)),
        (answer, replica) ->
            new EncryptedPrivateKey(
                ResponseFields.requiredBytes(answer.ciphertextBlob()),
                AwsArns.key(answer.keyId(), replica)));
  }

  /// AWS answers a dry run that would have succeeded with an error that means just that.
  @Override
  public Uni<Void> checkDecrypt(KeyUse use, byte[] encryptedPrivateKey) {
    return onKms(
            KmsAction.CHECK_DECRYPT,
            use,
            (kms, replica, override) ->
                kms.decrypt(
                    request ->
                        request
                            .keyId(replica.toString())
                            .ciphertextBlob(SdkBytes.fromByteArray(encryptedPrivateKey))
                            .encryptionContext(use.context().pairs())
                            .grantTokens(tokens.of(use))
                            .dryRun(true)
                            .overrideConfiguration(override)),
            (answer, replica) -> withoutPlaintext(answer))
        .onFailure(AwsFailures::isDryRun)
        .recoverWithItem(true)
        .replaceWithVoid();
  }

  /// Wipes the plaintext from an endpoint that ignores `DryRun` and has decrypted after all.
  private static boolean withoutPlaintext(DecryptResponse answer) {
    if (answer.plaintext() != null) {
      Arrays.fill(answer.plaintext().asByteArrayUnsafe(), (byte) 0);
    }
    return true;
  }

  @Override
  public Uni<KmsKeyDescription> describe(KeyUse use) {
    return onKms(KmsAction.DESCRIBE_KEY, use, describing(use), AwsKms::description);
  }

  private Request<DescribeKeyResponse> describing(KeyUse use) {
    return (kms, replica, override) ->
        kms.describeKey(
            request ->
                request
                    .keyId(replica.toString())
                    .grantTokens(tokens.of(use))
                    .overrideConfiguration(override));
  }

  private static KmsKeyDescription description(DescribeKeyResponse answer, KmsArn replica) {
    KmsKeyDescription description =
        KeyDescriptions.of(ResponseFields.required(answer.keyMetadata()));
    AwsArns.key(description.keyArn().toString(), replica);
    return description;
  }

  @Override
  public Uni<CreatedGrant> createGrant(
      KeyUse use, String name, String grantee, List<String> operations) {
    return onKms(
        KmsAction.CREATE_GRANT,
        use,
        (kms, replica, override) ->
            kms.createGrant(
                request ->
                    request
                        .keyId(replica.toString())
                        .name(name)
                        .granteePrincipal(grantee)
                        .retiringPrincipal(grantee)
                        .operationsWithStrings(operations)
                        .constraints(it -> it.encryptionContextSubset(use.context().pairs()))
                        .overrideConfiguration(override)),
        (answer, replica) ->
            new CreatedGrant(
                ResponseFields.required(answer.grantId()),
                ResponseFields.required(answer.grantToken())));
  }

  @Override
  public Uni<Void> retireGrant(KmsKey key) {
    return onKms(
            KmsAction.RETIRE_GRANT,
            new KeyUse(key, KmsContext.NONE),
            (kms, replica, override) ->
                kms.retireGrant(
                    request ->
                        request
                            .keyId(replica.toString())
                            .grantId(key.grantId())
                            .overrideConfiguration(override)),
            (answer, replica) -> true)
        .replaceWithVoid();
  }

  @Override
  public Uni<Void> assumeRole(AssumedRole role) {
    return operation(
        RoleSessions.ASSUME_ROLE,
        inFlight ->
            CompletableFuture.supplyAsync(() -> roles.get(role), sdk.executor())
                .thenCompose(RoleCredentials::renew));
  }

  @Override
  public Uni<String> ownPrincipal() {
    String action = KmsAction.GET_CALLER_IDENTITY.action();
    return operation(
        action,
        inFlight -> {
          CallDeadline deadline = CallDeadline.in(config.apiCallTimeout());
          return own.get(action, deadline)
              .thenComposeAsync(
                  credentials ->
                      inFlight.begin(() -> sessions.callerIdentity(credentials, deadline)),
                  sdk.executor())
              .thenApply(answer -> ResponseFields.required(answer.arn()));
        });
  }

  /// Makes a client of another service of AWS, which shares the connections, threads and time
  /// limits of this adapter. Its calls go through [#call]. The caller closes it before the adapter.
  ///
  /// @param endpoint null for the regional endpoint of AWS
  public <B extends AwsAsyncClientBuilder<B, C> & AwsClientBuilder<B, C>, C> C client(
      B builder, String region, @Nullable URI endpoint) {
    return sdk.client(builder, Region.of(region), endpoint);
  }

  /// Calls another service of AWS. Fails with [KmsFailure].
  ///
  /// @param action the permission that the call needs
  /// @param role null to call in the name of the broker's own principal
  /// @param request what each request needs: its credentials and its time limit
  public <A> Uni<A> call(
      String action,
      @Nullable AssumedRole role,
      Function<AwsRequestOverrideConfiguration, CompletableFuture<A>> request) {
    return operation(
        action,
        inFlight -> {
          Credentials credentials = role == null ? own : roles.get(role);
          CallDeadline deadline = CallDeadline.in(config.apiCallTimeout());
          return credentials
              .get(action, deadline)
              .thenComposeAsync(
                  identity ->
                      inFlight
                          .begin(() -> request.apply(FixedCredentials.override(identity, deadline)))
                          .whenComplete(
                              (answer, trouble) -> {
                                if (trouble != null
                                    && AwsFailures.isExpiredToken(
                                        AwsFailures.of(action, trouble))) {
                                  // The next call uses others.
                                  credentials.drop(identity);
                                }
                              }),
                  sdk.executor());
        });
  }

  /// One request to KMS.
  private interface Request<A> {
    CompletableFuture<A> send(
        KmsAsyncClient kms, KmsArn replica, AwsRequestOverrideConfiguration override);
  }

  private <A, T> Uni<T> onKms(
      KmsAction operation, KeyUse use, Request<A> request, BiFunction<A, KmsArn, T> read) {
    Uni<T> call =
        operation(
            operation.action(),
            inFlight -> {
              KmsKey key = use.key();
              Credentials credentials = key.role() == null ? own : roles.get(key.role());
              CallDeadline deadline = CallDeadline.in(config.apiCallTimeout());
              Sender sender = new Sender(operation.action(), key.role(), credentials);
              return credentials
                  .get(operation.action(), deadline)
                  .thenComposeAsync(
                      identity -> {
                        CallDeadline end =
                            operation == KmsAction.GENERATE_KEY_PAIR
                                ? CallDeadline.in(config.keyPairTimeout())
                                : deadline;
                        return failover.call(
                            new KeyOperation(counted(operation, use), operation.health()),
                            end,
                            (replica, time) ->
                                sender
                                    .send(request, replica, identity, time, inFlight, true)
                                    .thenApply(answer -> read.apply(answer, replica)),
                            replica ->
                                sender
                                    .send(
                                        describing(use),
                                        replica,
                                        identity,
                                        end.half(),
                                        new InFlight(),
                                        true)
                                    .thenApply(answer -> description(answer, replica)));
                      },
                      sdk.executor());
            });
    // A token that KMS refuses fails no use of the key. A test of the key shows it at its first
    // step.
    return call.onFailure(AwsFailures::isInvalidGrantToken)
        .invoke(() -> tokens.forget(use))
        .onFailure(
            failure ->
                AwsFailures.isInvalidGrantToken(failure) && operation != KmsAction.DESCRIBE_KEY)
        .recoverWithUni(call)
        .onFailure(KmsFailure.class)
        .transform(failure -> ((KmsFailure) failure).by(use.key().way()));
  }

  /// DescribeKey says nothing about the uses of a key, and ReEncrypt may speak of either of two. So
  /// they are not counted with any of them.
  private static KeyUse counted(KmsAction operation, KeyUse use) {
    return switch (operation) {
      case DESCRIBE_KEY, RE_ENCRYPT -> new KeyUse(use.key(), KmsContext.NONE);
      default -> use;
    };
  }

  /// Sends requests to KMS as one principal. Repeats a request with other credentials if its own
  /// have expired.
  private final class Sender {
    private final String action;
    private final @Nullable AssumedRole role;
    private final Credentials credentials;

    Sender(String action, @Nullable AssumedRole role, Credentials credentials) {
      this.action = action;
      this.role = role;
      this.credentials = credentials;
    }

    <A> CompletableFuture<A> send(
        Request<A> request,
        KmsArn replica,
        AwsCredentialsIdentity identity,
        CallDeadline deadline,
        InFlight inFlight,
        boolean mayRepeat) {
      LeasedClient leased = clients.lease(role, replica.region());
      return inFlight
          .begin(
              () ->
                  request.send(
                      leased.client(), replica, FixedCredentials.override(identity, deadline)))
          .whenComplete((answer, trouble) -> leased.release())
          .exceptionallyCompose(
              trouble -> {
                KmsFailure failure = AwsFailures.of(action, trouble);
                return mayRepeat
                        && AwsFailures.isExpiredToken(failure)
                        && credentials.drop(identity)
                    ? credentials
                        .get(action, deadline)
                        .thenComposeAsync(
                            fresh -> send(request, replica, fresh, deadline, inFlight, false),
                            sdk.executor())
                    : CompletableFuture.failedFuture(failure);
              });
    }
  }

  /// Runs an SDK call lazily. A cancellation gives up the call under way and discards a result that
  /// still arrives. Results are delivered on a separate thread: the SDK's timeouts fire on its
  /// timer, which must not wait for what a caller does with them.
  private <T> Uni<T> operation(String action, Function<InFlight, CompletableFuture<T>> start) {
    return HandOff.of(
        answer -> {
          InFlight inFlight = new InFlight();
          answer.onEnd(inFlight::cancel);
          var unused =
              start
                  .apply(inFlight)
                  .whenCompleteAsync(
                      (result, trouble) -> {
                        if (trouble != null) {
                          answer.fail(AwsFailures.of(action, trouble));
                        } else {
                          answer.complete(result);
                        }
                      },
                      sdk.executor());
        });
  }

  private static DataKeyPairSpec spec(KeyPairSpec spec) {
    return switch (spec) {
      case RSA_2048 -> DataKeyPairSpec.RSA_2048;
      case RSA_3072 -> DataKeyPairSpec.RSA_3072;
      case RSA_4096 -> DataKeyPairSpec.RSA_4096;
      case ECC_NIST_P256 -> DataKeyPairSpec.ECC_NIST_P256;
      case ECC_NIST_P384 -> DataKeyPairSpec.ECC_NIST_P384;
    };
  }

  /// Closes the connections. Calls under way fail.
  @Override
  public void close() {
    clients.close();
    sessions.close();
    sdk.close();
  }
}

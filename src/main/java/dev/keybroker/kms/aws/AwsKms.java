package dev.keybroker.kms.aws;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.DecryptedPrivateKey;
import dev.keybroker.kms.EncryptedPrivateKey;
import dev.keybroker.kms.GeneratedKeyPair;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.KmsKeyDescription;
import io.smallrye.mutiny.Uni;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.awscore.AwsServiceClientConfiguration;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.services.kms.KmsAsyncClient;
import software.amazon.awssdk.services.kms.model.DataKeyPairSpec;
import software.amazon.awssdk.services.kms.model.DecryptResponse;
import software.amazon.awssdk.services.sts.StsAsyncClient;

/// AWS KMS, reached by the AWS SDK's async client.
///
/// A call goes to the region of the key's ARN, in the name of the key's role or of the broker's own
/// principal. No caller's thread is held; answers are delivered on virtual threads.
///
/// **What cannot be wiped.** The plaintext of a Decrypt is adopted as the SDK gives it, without a
/// copy. On its way the SDK has held it, Base64-encoded, in the buffers of the HTTP response and in
/// a string; the same holds for the request of an Encrypt. Those are garbage at once but
/// overwritten by the collector only. The SDK's own debug logs of requests and responses leave
/// plaintexts out; its wire logs do not, so `io.netty` and `software.amazon.awssdk.http` must stay
/// above DEBUG.
public final class AwsKms implements Kms, AutoCloseable {
  private final AwsConfig config;
  private final AwsClients sdk;
  private final KmsClients clients;
  private final StsAsyncClient sts;
  private final Credentials own;
  private final LoadingCache<AssumedRole, RoleCredentials> roles;

  /// @param service the broker's principal, home region and endpoint, as an SDK client has them
  ///     that
  ///     is configured for the broker: `KmsAsyncClient.serviceClientConfiguration()`
  /// @param clock tells the end of sessions
  /// @throws IllegalArgumentException where a setting is out of bounds
  public AwsKms(AwsServiceClientConfiguration service, AwsConfig config, InstantSource clock) {
    AwsLimits.check(config);
    this.config = config;
    this.sdk = new AwsClients(service, config);
    this.clients = new KmsClients(sdk, config.clientCacheSize());
    this.sts = sdk.sts();
    this.own = new OwnCredentials(service.credentialsProvider(), sdk.executor());
    RoleSessions sessions = new RoleSessions(sts, own, config, clock);
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
  public Uni<GeneratedKeyPair> generateKeyPair(KmsKey key, KeyPairSpec spec, KmsContext context) {
    return onKms(
        "kms:GenerateDataKeyPairWithoutPlaintext",
        key,
        (kms, override) ->
            kms.generateDataKeyPairWithoutPlaintext(
                request ->
                    request
                        .keyId(key.arn().toString())
                        .keyPairSpec(spec(spec))
                        .encryptionContext(context.pairs())
                        .overrideConfiguration(
                            override.toBuilder()
                                .apiCallTimeout(config.keyPairTimeout())
                                .apiCallAttemptTimeout(config.keyPairTimeout())
                                .build())),
        answer ->
            new GeneratedKeyPair(
                Answers.requiredBytes(answer.publicKey()),
                Answers.requiredBytes(answer.privateKeyCiphertextBlob()),
                AwsArns.key(answer.keyId())),
        unneeded -> {});
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(
      KmsKey key, SecretBytes privateKey, KmsContext context) {
    return Uni.createFrom()
        .deferred(
            () -> {
              byte[] copy = privateKey.toByteArray();
              return encrypt(key, copy, context)
                  .onTermination()
                  .invoke(() -> Arrays.fill(copy, (byte) 0));
            });
  }

  private Uni<EncryptedPrivateKey> encrypt(KmsKey key, byte[] privateKey, KmsContext context) {
    return onKms(
        "kms:Encrypt",
        key,
        (kms, override) ->
            kms.encrypt(
                request ->
                    request
                        .keyId(key.arn().toString())
                        .plaintext(SdkBytes.fromByteArrayUnsafe(privateKey))
                        .encryptionContext(context.pairs())
                        .overrideConfiguration(override)),
        answer ->
            new EncryptedPrivateKey(
                Answers.requiredBytes(answer.ciphertextBlob()), AwsArns.key(answer.keyId())),
        unneeded -> {});
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(
      KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return onKms(
        "kms:Decrypt",
        key,
        (kms, override) ->
            kms.decrypt(
                request ->
                    request
                        .keyId(key.arn().toString())
                        .ciphertextBlob(SdkBytes.fromByteArray(encryptedPrivateKey))
                        .encryptionContext(context.pairs())
                        .overrideConfiguration(override)),
        answer ->
            new DecryptedPrivateKey(
                SecretBytes.adopt(Answers.requiredBytes(answer.plaintext())),
                AwsFailures.requestId(answer.responseMetadata().requestId())),
        DecryptedPrivateKey::close);
  }

  /// AWS answers a dry run that would have succeeded with an error of its own.
  @Override
  public Uni<Void> checkDecrypt(KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return onKms(
            "kms:Decrypt",
            key,
            (kms, override) ->
                kms.decrypt(
                    request ->
                        request
                            .keyId(key.arn().toString())
                            .ciphertextBlob(SdkBytes.fromByteArray(encryptedPrivateKey))
                            .encryptionContext(context.pairs())
                            .dryRun(true)
                            .overrideConfiguration(override)),
            AwsKms::withoutPlaintext,
            unneeded -> {})
        .onFailure(AwsFailures::isDryRun)
        .recoverWithItem(true)
        .replaceWithVoid();
  }

  /// An endpoint that ignores `DryRun` has decrypted after all.
  private static boolean withoutPlaintext(DecryptResponse answer) {
    if (answer.plaintext() != null) {
      Arrays.fill(answer.plaintext().asByteArrayUnsafe(), (byte) 0);
    }
    return true;
  }

  @Override
  public Uni<KmsKeyDescription> describe(KmsKey key) {
    return onKms(
        "kms:DescribeKey",
        key,
        (kms, override) ->
            kms.describeKey(
                request -> request.keyId(key.arn().toString()).overrideConfiguration(override)),
        answer -> KeyDescriptions.of(Answers.required(answer.keyMetadata())),
        unneeded -> {});
  }

  @Override
  public Uni<Void> assumeRole(AssumedRole role) {
    return operation(
        RoleSessions.ASSUME_ROLE,
        inFlight ->
            CompletableFuture.supplyAsync(() -> roles.get(role), sdk.executor())
                .thenCompose(RoleCredentials::renew),
        unneeded -> {});
  }

  @Override
  public Uni<String> ownPrincipal() {
    String action = "sts:GetCallerIdentity";
    return operation(
        action,
        inFlight -> {
          CallDeadline deadline = CallDeadline.in(config.apiCallTimeout());
          return own.get(action, deadline)
              .thenComposeAsync(
                  credentials ->
                      inFlight.begin(
                          () ->
                              sts.getCallerIdentity(
                                  request ->
                                      request.overrideConfiguration(
                                          Given.override(credentials, deadline)))),
                  sdk.executor())
              .thenApply(answer -> Answers.required(answer.arn()));
        },
        unneeded -> {});
  }

  /// One request of KMS.
  private interface Request<A> {
    CompletableFuture<A> send(KmsAsyncClient kms, AwsRequestOverrideConfiguration override);
  }

  private <A, T> Uni<T> onKms(
      String action, KmsKey key, Request<A> request, Function<A, T> read, Consumer<T> discard) {
    return operation(
        action,
        inFlight -> {
          Credentials credentials = key.role() == null ? own : roles.get(key.role());
          CallDeadline deadline = CallDeadline.in(config.apiCallTimeout());
          return new Operation<>(action, key, request, credentials, deadline, inFlight)
              .run(true)
              .thenApply(read);
        },
        discard);
  }

  /// A request of KMS with its credentials, sent again with others where they have expired.
  private final class Operation<A> {
    private final String action;
    private final KmsKey key;
    private final Request<A> request;
    private final Credentials credentials;
    private final CallDeadline deadline;
    private final InFlight inFlight;

    Operation(
        String action,
        KmsKey key,
        Request<A> request,
        Credentials credentials,
        CallDeadline deadline,
        InFlight inFlight) {
      this.action = action;
      this.key = key;
      this.request = request;
      this.credentials = credentials;
      this.deadline = deadline;
      this.inFlight = inFlight;
    }

    CompletableFuture<A> run(boolean mayRepeat) {
      return credentials
          .get(action, deadline)
          .thenComposeAsync(identity -> send(identity, mayRepeat), sdk.executor());
    }

    private CompletableFuture<A> send(AwsCredentialsIdentity identity, boolean mayRepeat) {
      LeasedClient leased = clients.lease(key);
      return inFlight
          .begin(() -> request.send(leased.client(), Given.override(identity, deadline)))
          .whenComplete((answer, trouble) -> leased.release())
          .exceptionallyCompose(
              trouble -> {
                KmsFailure failure = AwsFailures.of(action, trouble);
                boolean repeat =
                    mayRepeat && AwsFailures.isExpiredToken(failure) && credentials.drop(identity);
                return repeat ? run(false) : CompletableFuture.failedFuture(failure);
              });
    }
  }

  /// Lazy; a cancellation gives up the SDK call that is under way, and a result that comes all the
  /// same is discarded. Delivers on a thread of its own: the SDK's timeouts come on its timer,
  /// which must not wait for what a caller does with them.
  private <T> Uni<T> operation(
      String action, Function<InFlight, CompletableFuture<T>> start, Consumer<T> discard) {
    return Uni.createFrom()
        .emitter(
            emitter -> {
              InFlight inFlight = new InFlight();
              emitter.onTermination(inFlight::cancel);
              var unused =
                  start
                      .apply(inFlight)
                      .whenCompleteAsync(
                          (result, trouble) -> {
                            if (trouble != null) {
                              emitter.fail(AwsFailures.of(action, trouble));
                            } else if (inFlight.isCancelled()) {
                              discard.accept(result);
                            } else {
                              emitter.complete(result);
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

  /// Ends the connections. Calls under way fail.
  @Override
  public void close() {
    clients.close();
    sts.close();
    sdk.close();
  }
}

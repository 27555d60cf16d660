package dev.keybroker.kms.aws;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.awscore.AwsServiceClientConfiguration;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.StandardRetryStrategy;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.kms.KmsAsyncClient;
import software.amazon.awssdk.services.sts.StsAsyncClient;

/// Makes SDK clients that share one HTTP client and one set of threads, so that a client costs only
/// a few objects. The clients hold no credentials: each request carries its own. A request without
/// credentials would go out unsigned, not as the wrong principal.
final class AwsClients implements AutoCloseable {
  private static final BackoffStrategy RETRY_DELAY =
      BackoffStrategy.exponentialDelay(Duration.ofMillis(50), Duration.ofSeconds(1));
  private static final BackoffStrategy THROTTLED_RETRY_DELAY =
      BackoffStrategy.exponentialDelay(Duration.ofMillis(500), Duration.ofSeconds(2));

  private final AwsConfig config;
  private final Region homeRegion;
  private final @Nullable URI kmsEndpoint;
  private final @Nullable URI stsEndpoint;
  private final EventLoopGroup eventLoops =
      new NioEventLoopGroup(0, Thread.ofPlatform().daemon().name("aws-io-", 0).factory());
  private final SdkAsyncHttpClient http;
  private final ThreadFactory threads = Thread.ofVirtual().name("aws-", 0).factory();
  private final Executor executor = task -> threads.newThread(task).start();
  private final ScheduledExecutorService timer = timer();

  /// @param service the endpoint of AWS and the broker's home region
  AwsClients(AwsServiceClientConfiguration service, AwsConfig config) {
    this.config = config;
    this.homeRegion = service.region();
    Optional<URI> endpoint = service.endpointOverride();
    this.kmsEndpoint = endpoint.orElse(null);
    this.stsEndpoint = config.stsEndpointOverride().or(() -> endpoint).orElse(null);
    this.http =
        NettyNioAsyncHttpClient.builder()
            .eventLoopGroup(SdkEventLoopGroup.create(eventLoops))
            .maxConcurrency(config.maxConcurrency())
            .maxPendingConnectionAcquires(config.maxPendingCalls())
            .connectionTimeout(config.connectionTimeout())
            .tlsNegotiationTimeout(config.connectionTimeout())
            .connectionAcquisitionTimeout(config.apiCallAttemptTimeout())
            // The SDK's own timers fire first.
            .readTimeout(longest(config.apiCallTimeout(), config.keyPairTimeout()).plusSeconds(1))
            .writeTimeout(config.apiCallTimeout().plusSeconds(1))
            // The JDK's resolver would block an event loop and with it the calls of others.
            .useNonBlockingDnsResolver(true)
            .build();
  }

  /// Calls start and their answers are read on these virtual threads, so that nothing a caller does
  /// with an answer blocks an event loop of the SDK.
  Executor executor() {
    return executor;
  }

  KmsAsyncClient kms(Region region) {
    return client(KmsAsyncClient.builder(), region, kmsEndpoint);
  }

  Region homeRegion() {
    return homeRegion;
  }

  /// Makes the client for STS in one region. Sessions from a regional endpoint are valid in every
  /// region.
  StsAsyncClient sts(Region region) {
    return client(StsAsyncClient.builder(), region, stsEndpoint);
  }

  <B extends AwsAsyncClientBuilder<B, C> & AwsClientBuilder<B, C>, C> C client(
      B builder, Region region, @Nullable URI endpoint) {
    if (endpoint != null) {
      builder.endpointOverride(endpoint);
    }
    return builder
        .region(region)
        .credentialsProvider(AnonymousCredentialsProvider.create())
        .httpClient(http)
        .asyncConfiguration(
            async ->
                async.advancedOption(
                    SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, executor))
        .overrideConfiguration(
            ClientOverrideConfiguration.builder()
                .apiCallTimeout(config.apiCallTimeout())
                .apiCallAttemptTimeout(config.apiCallAttemptTimeout())
                .scheduledExecutorService(timer)
                .retryStrategy(retries())
                .build())
        .build();
  }

  /// One per client, so that each role spends its own budget of retries.
  private StandardRetryStrategy retries() {
    return AwsRetryStrategy.standardRetryStrategy().toBuilder()
        .maxAttempts(config.maxAttempts())
        .backoffStrategy(RETRY_DELAY)
        .throttlingBackoffStrategy(THROTTLED_RETRY_DELAY)
        .build();
  }

  private static ScheduledExecutorService timer() {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("aws-timer").factory());
    timer.setRemoveOnCancelPolicy(true);
    return timer;
  }

  @Override
  public void close() {
    http.close();
    var unused = eventLoops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    timer.shutdownNow();
  }

  private static Duration longest(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }
}

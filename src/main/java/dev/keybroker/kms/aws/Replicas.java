package dev.keybroker.kms.aws;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.KmsKeyDescription;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import software.amazon.awssdk.regions.PartitionMetadata;
import software.amazon.awssdk.regions.Region;

/// The ARNs under which a key may be called: its own and those of its replicas, if their regions
/// are allowed. Thread-safe.
///
/// The replicas of a multi-Region key have its key id and account, each in its own region. Any of
/// them can list the replicas that exist. They are asked when a call leaves the key's own region.
final class Replicas {
  /// How long the list of replicas is kept, and also the fact that none of them provides it.
  private static final Duration KNOWN = Duration.ofMinutes(1);

  private static final String MULTI_REGION = "key/mrk-";

  private final List<String> allowedRegions;
  private final AsyncCache<KmsKey, Optional<Set<String>>> known;

  /// `kms:DescribeKey` of one replica.
  interface Describe {
    CompletableFuture<KmsKeyDescription> of(KmsArn replica);
  }

  /// @param allowedRegions the regions in which keys may be called, the first choice first; if
  ///     empty, each key is called in its own region only, whichever that is
  Replicas(List<String> allowedRegions, int capacity, Executor executor) {
    this.allowedRegions = List.copyOf(allowedRegions);
    this.known =
        Caffeine.newBuilder()
            .maximumSize(capacity)
            .expireAfterWrite(KNOWN)
            .executor(executor)
            .buildAsync();
  }

  List<String> allowedRegions() {
    return allowedRegions;
  }

  /// Returns the ARNs under which the key may be called, its own region first. Some of them may not
  /// exist.
  List<KmsArn> of(KmsArn own) {
    if (allowedRegions.isEmpty()) {
      return List.of(own);
    }
    Stream<KmsArn> itself = Stream.of(own).filter(arn -> allowedRegions.contains(arn.region()));
    if (!own.resource().startsWith(MULTI_REGION)) {
      return itself.toList();
    }
    Stream<KmsArn> others =
        allowedRegions.stream()
            .filter(region -> !region.equals(own.region()))
            .filter(region -> isOfPartition(own.partition(), region))
            .map(region -> new KmsArn(own.partition(), region, own.account(), own.resource()));
    return Stream.concat(itself, others).toList();
  }

  static boolean isOfPartition(String partition, String region) {
    return PartitionMetadata.of(Region.of(region)).id().equals(partition);
  }

  /// Returns the candidates that exist; the key's own ARN always counts as existing. If no replica
  /// lists them, returns all candidates. Never fails.
  CompletableFuture<List<KmsArn>> existing(KmsKey key, List<KmsArn> candidates, Describe describe) {
    List<KmsArn> others =
        candidates.stream().filter(candidate -> !candidate.equals(key.arn())).toList();
    if (others.isEmpty()) {
      return CompletableFuture.completedFuture(candidates);
    }
    return known
        .get(key, (same, executor) -> regions(others, describe))
        .thenApply(
            regions ->
                candidates.stream()
                    .filter(
                        candidate ->
                            candidate.equals(key.arn())
                                || regions.isEmpty()
                                || regions.get().contains(candidate.region()))
                    .toList());
  }

  /// Returns the regions as listed by the first replica that answers; empty if none does.
  private static CompletableFuture<Optional<Set<String>>> regions(
      List<KmsArn> replicas, Describe describe) {
    CompletableFuture<Optional<Set<String>>> first = new CompletableFuture<>();
    var unused =
        CompletableFuture.allOf(
                replicas.stream()
                    .map(
                        replica ->
                            describe
                                .of(replica)
                                .handle(
                                    (described, trouble) ->
                                        trouble == null
                                            && first.complete(
                                                Optional.of(Set.copyOf(described.regions())))))
                    .toArray(CompletableFuture[]::new))
            .thenRun(() -> first.complete(Optional.empty()));
    return first;
  }
}

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

/// The ARNs under which a key may be called: its own, and those of its replicas, as far as their
/// regions are allowed. Thread-safe.
///
/// The replicas of a multi-Region key have its key id and account, each in its own region. Which
/// there are, any of them tells; they are asked when a call leaves the key's own region.
final class Replicas {
  /// How long it stands what replicas there are, or that none of them tells.
  private static final Duration KNOWN = Duration.ofMinutes(1);

  private static final String MULTI_REGION = "key/mrk-";

  private final List<String> allowedRegions;
  private final AsyncCache<KmsKey, Optional<Set<String>>> known;

  /// `kms:DescribeKey` of one replica.
  interface Describe {
    CompletableFuture<KmsKeyDescription> of(KmsArn replica);
  }

  /// @param allowedRegions those in which keys may be called, the first choice first; empty means
  ///     each key in its own region only, whichever that is
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

  /// Where the key may be called, its own region first. Not each of them need be there.
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

  /// Those of the candidates that are there, and the key's own ARN in any case; all of them where
  /// none tells. Never fails.
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

  /// The regions as the first of these tells them; empty where none does.
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

package dev.keybroker.grpc;

import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.dek.DekBroker;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.v1.BatchRewrapDeksRequest;
import dev.keybroker.v1.BatchRewrapDeksResponse;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchUnwrapDeksResponse;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksResponse;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.KeyBroker;
import dev.keybroker.v1.PublicKek;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDekResponse;
import dev.keybroker.v1.RewrapDekResult;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.UnwrapDekResult;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import dev.keybroker.v1.WrapDekResult;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;
import java.security.SecureRandom;
import java.util.function.Supplier;

/// The data plane. Requests were validated before they come here; those of a batch are validated
/// item by item.
@GrpcService
public class BrokerService implements KeyBroker {
  private static final int DEFAULT_DEK_SIZE = 32;

  private final DekBroker broker;
  private final Batch batch;
  private final SecureRandom random;
  private final KekCacheConfig cacheConfig;

  BrokerService(DekBroker broker, Batch batch, SecureRandom random, KekCacheConfig cacheConfig) {
    this.broker = broker;
    this.batch = batch;
    this.random = random;
    this.cacheConfig = cacheConfig;
  }

  @Override
  public Uni<WrapDekResponse> wrapDek(WrapDekRequest request) {
    return answer(() -> wrap(request));
  }

  private Uni<WrapDekResponse> wrap(WrapDekRequest request) {
    KeystoreName keystore = BrokerMapping.keystore(request.getKeystore());
    EncryptionContext context = BrokerMapping.context(request.getEncryptionContextMap());
    boolean generated = request.getDek().isEmpty();
    SecretBytes dek =
        generated ? generate(request) : SecretBytes.adopt(request.getDek().toByteArray());
    boolean withPlaintext = generated && !request.getWithoutPlaintext();
    return broker
        .wrap(keystore, dek, context)
        .map(result -> BrokerMapping.wrapped(result, withPlaintext ? dek : null))
        .onTermination()
        .invoke(dek::close);
  }

  private SecretBytes generate(WrapDekRequest request) {
    int size = request.getDekSizeBytes() == 0 ? DEFAULT_DEK_SIZE : request.getDekSizeBytes();
    return SecretBytes.random(size, random);
  }

  @Override
  public Uni<UnwrapDekResponse> unwrapDek(UnwrapDekRequest request) {
    return answer(() -> unwrap(request));
  }

  private Uni<UnwrapDekResponse> unwrap(UnwrapDekRequest request) {
    return broker
        .unwrap(
            BrokerMapping.keystore(request.getKeystore()),
            request.getWrappedDek().toByteArray(),
            BrokerMapping.context(request.getEncryptionContextMap()))
        .map(
            result -> {
              try (result) {
                return BrokerMapping.unwrapped(result);
              }
            });
  }

  @Override
  public Uni<RewrapDekResponse> rewrapDek(RewrapDekRequest request) {
    return answer(() -> rewrap(request));
  }

  private Uni<RewrapDekResponse> rewrap(RewrapDekRequest request) {
    KeystoreName source = BrokerMapping.keystore(request.getKeystore());
    KeystoreName destination =
        request.getDestinationKeystore().isEmpty()
            ? source
            : BrokerMapping.keystore(request.getDestinationKeystore());
    if (!destination.tenant().equals(source.tenant())) {
      throw new RequestInvalid("destination_keystore", "must be a keystore of the same tenant");
    }
    return broker
        .rewrap(
            source,
            request.getWrappedDek().toByteArray(),
            BrokerMapping.context(request.getEncryptionContextMap()),
            destination)
        .map(BrokerMapping::rewrapped);
  }

  @Override
  public Uni<BatchWrapDeksResponse> batchWrapDeks(BatchWrapDeksRequest request) {
    return answer(
        () ->
            batch
                .run(
                    request.getRequestsList(),
                    this::wrap,
                    response -> WrapDekResult.newBuilder().setResponse(response).build(),
                    error -> WrapDekResult.newBuilder().setError(error).build())
                .map(all -> BatchWrapDeksResponse.newBuilder().addAllResults(all).build()));
  }

  @Override
  public Uni<BatchUnwrapDeksResponse> batchUnwrapDeks(BatchUnwrapDeksRequest request) {
    return answer(
        () ->
            batch
                .run(
                    request.getRequestsList(),
                    this::unwrap,
                    response -> UnwrapDekResult.newBuilder().setResponse(response).build(),
                    error -> UnwrapDekResult.newBuilder().setError(error).build())
                .map(all -> BatchUnwrapDeksResponse.newBuilder().addAllResults(all).build()));
  }

  @Override
  public Uni<BatchRewrapDeksResponse> batchRewrapDeks(BatchRewrapDeksRequest request) {
    return answer(
        () ->
            batch
                .run(
                    request.getRequestsList(),
                    this::rewrap,
                    response -> RewrapDekResult.newBuilder().setResponse(response).build(),
                    error -> RewrapDekResult.newBuilder().setError(error).build())
                .map(all -> BatchRewrapDeksResponse.newBuilder().addAllResults(all).build()));
  }

  @Override
  public Uni<PublicKek> getPublicKek(GetPublicKekRequest request) {
    return answer(
        () ->
            broker
                .activeKek(BrokerMapping.keystore(request.getKeystore()))
                .map(kek -> BrokerMapping.publicKek(kek, cacheConfig.freshness())));
  }

  private static <T> Uni<T> answer(Supplier<Uni<T>> call) {
    return Uni.createFrom().<T>deferred(call::get).onFailure().transform(FailureStatus::exception);
  }
}

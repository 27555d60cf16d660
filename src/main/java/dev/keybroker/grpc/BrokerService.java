package dev.keybroker.grpc;

import com.google.protobuf.ByteString;
import dev.keybroker.access.Target;
import dev.keybroker.audit.CallFacts;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.RecipientKey;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.WrappedDek;
import dev.keybroker.dek.DekBroker;
import dev.keybroker.dek.Rewrapped;
import dev.keybroker.dek.Unwrapped;
import dev.keybroker.dek.WrappedResult;
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
import java.util.Map;

/// The data plane. Requests were validated before they come here; those of a batch are validated
/// item by item.
@GrpcService
public class BrokerService implements KeyBroker {
  private static final int DEFAULT_DEK_SIZE = 32;

  private final DekBroker broker;
  private final Batch batch;
  private final KekCacheConfig cacheConfig;
  private final Calls calls;

  BrokerService(DekBroker broker, Batch batch, KekCacheConfig cacheConfig, Calls calls) {
    this.broker = broker;
    this.batch = batch;
    this.cacheConfig = cacheConfig;
    this.calls = calls;
  }

  @Override
  public Uni<WrapDekResponse> wrapDek(WrapDekRequest request) {
    LastKnownHeaders headers = LastKnownHeaders.current();
    return Calls.whileAwaited(
        wrap(CallOrigin.current(), request)
            .map(
                result -> {
                  headers.set(result.lastKnown());
                  return BrokerMapping.wrapped(result);
                }));
  }

  private Uni<WrappedResult> wrap(CallOrigin origin, WrapDekRequest request) {
    KeystoreName keystore = BrokerMapping.keystore(request.getKeystore());
    return calls.run(
        origin, Rpc.WRAP_DEK, target(keystore), facts -> wrap(facts, keystore, request));
  }

  private Uni<WrappedResult> wrap(CallFacts facts, KeystoreName keystore, WrapDekRequest request) {
    EncryptionContext context = context(facts, request.getEncryptionContextMap());
    Uni<WrappedResult> wrapped;
    if (request.getDek().isEmpty()) {
      int size = request.getDekSizeBytes() == 0 ? DEFAULT_DEK_SIZE : request.getDekSizeBytes();
      wrapped = broker.wrapNew(keystore, size, !request.getWithoutPlaintext(), context);
    } else {
      wrapped = broker.wrap(keystore, SecretBytes.adopt(request.getDek().toByteArray()), context);
    }
    return wrapped.invoke(result -> facts.kek(result.kek().id()));
  }

  private static EncryptionContext context(CallFacts facts, Map<String, String> pairs) {
    EncryptionContext context = BrokerMapping.context(pairs);
    facts.context(context, pairs);
    return context;
  }

  @Override
  public Uni<UnwrapDekResponse> unwrapDek(UnwrapDekRequest request) {
    return Calls.whileAwaited(unwrap(CallOrigin.current(), request).map(BrokerService::released));
  }

  private Uni<Answer<Unwrapped>> unwrap(CallOrigin origin, UnwrapDekRequest request) {
    KeystoreName keystore = BrokerMapping.keystore(request.getKeystore());
    return calls.answerLater(
        origin, Rpc.UNWRAP_DEK, target(keystore), facts -> unwrap(facts, keystore, request));
  }

  private static UnwrapDekResponse released(Answer<Unwrapped> answer) {
    try (Unwrapped result = answer.release()) {
      return BrokerMapping.unwrapped(result);
    }
  }

  private Uni<Unwrapped> unwrap(CallFacts facts, KeystoreName keystore, UnwrapDekRequest request) {
    EncryptionContext context = context(facts, request.getEncryptionContextMap());
    facts.kek(WrappedDek.namedKek(request.getWrappedDek().asReadOnlyByteBuffer()));
    byte[] wrappedDek = request.getWrappedDek().toByteArray();
    Uni<? extends Unwrapped> unwrapped =
        request.getRecipientPublicKey().isEmpty()
            ? broker.unwrap(keystore, wrappedDek, context)
            : broker.unwrapSealed(
                keystore, wrappedDek, context, recipient(facts, request.getRecipientPublicKey()));
    return unwrapped.<Unwrapped>map(it -> it).invoke(it -> facts.kmsRequestId(it.kmsRequestId()));
  }

  private static RecipientKey recipient(CallFacts facts, ByteString publicKey) {
    RecipientKey recipient = BrokerMapping.recipient(publicKey);
    facts.destination("recipients/" + recipient.fingerprint());
    return recipient;
  }

  @Override
  public Uni<RewrapDekResponse> rewrapDek(RewrapDekRequest request) {
    return Calls.whileAwaited(rewrap(CallOrigin.current(), request).map(BrokerService::moved));
  }

  private static RewrapDekResponse moved(Answer<Rewrapped> answer) {
    return BrokerMapping.rewrapped(answer.release());
  }

  private Uni<Answer<Rewrapped>> rewrap(CallOrigin origin, RewrapDekRequest request) {
    KeystoreName source = BrokerMapping.keystore(request.getKeystore());
    if (!request.getRecipientPublicKey().isEmpty()) {
      return calls.answerLater(
          origin, Rpc.EXPORT_DEK, target(source), facts -> export(facts, source, request));
    }
    KeystoreName destination =
        request.getDestinationKeystore().isEmpty()
            ? source
            : BrokerMapping.keystore(request.getDestinationKeystore());
    return calls.answerLater(
        origin,
        Rpc.REWRAP_DEK,
        target(source),
        target(destination),
        facts -> rewrap(facts, source, destination, request));
  }

  private Uni<Rewrapped> export(CallFacts facts, KeystoreName source, RewrapDekRequest request) {
    EncryptionContext context = context(facts, request.getEncryptionContextMap());
    facts.kek(WrappedDek.namedKek(request.getWrappedDek().asReadOnlyByteBuffer()));
    RecipientKey recipient = recipient(facts, request.getRecipientPublicKey());
    return broker
        .unwrapSealed(source, request.getWrappedDek().toByteArray(), context, recipient)
        .invoke(result -> facts.kmsRequestId(result.kmsRequestId()))
        .map(result -> result);
  }

  private Uni<Rewrapped> rewrap(
      CallFacts facts, KeystoreName source, KeystoreName destination, RewrapDekRequest request) {
    EncryptionContext context = context(facts, request.getEncryptionContextMap());
    facts.kek(WrappedDek.namedKek(request.getWrappedDek().asReadOnlyByteBuffer()));
    if (!destination.tenant().equals(source.tenant())) {
      throw new RequestInvalid("destination_keystore", "must be a keystore of the same tenant");
    }
    return broker
        .rewrap(source, request.getWrappedDek().toByteArray(), context, destination)
        .invoke(result -> facts.destination(result.kek()))
        .map(result -> result);
  }

  @Override
  public Uni<BatchWrapDeksResponse> batchWrapDeks(BatchWrapDeksRequest request) {
    CallOrigin origin = CallOrigin.current();
    return Calls.whileAwaited(
        batch
            .run(
                request.getRequestsList(),
                item -> wrap(origin, item),
                result ->
                    WrapDekResult.newBuilder().setResponse(BrokerMapping.wrapped(result)).build(),
                error -> WrapDekResult.newBuilder().setError(error).build())
            .map(all -> BatchWrapDeksResponse.newBuilder().addAllResults(all).build()));
  }

  @Override
  public Uni<BatchUnwrapDeksResponse> batchUnwrapDeks(BatchUnwrapDeksRequest request) {
    CallOrigin origin = CallOrigin.current();
    return Calls.whileAwaited(
        batch
            .run(
                request.getRequestsList(),
                item -> unwrap(origin, item),
                answer -> UnwrapDekResult.newBuilder().setResponse(released(answer)).build(),
                error -> UnwrapDekResult.newBuilder().setError(error).build())
            .map(all -> BatchUnwrapDeksResponse.newBuilder().addAllResults(all).build()));
  }

  @Override
  public Uni<BatchRewrapDeksResponse> batchRewrapDeks(BatchRewrapDeksRequest request) {
    CallOrigin origin = CallOrigin.current();
    return Calls.whileAwaited(
        batch
            .run(
                request.getRequestsList(),
                item -> rewrap(origin, item),
                answer -> RewrapDekResult.newBuilder().setResponse(moved(answer)).build(),
                error -> RewrapDekResult.newBuilder().setError(error).build())
            .map(all -> BatchRewrapDeksResponse.newBuilder().addAllResults(all).build()));
  }

  @Override
  public Uni<PublicKek> getPublicKek(GetPublicKekRequest request) {
    KeystoreName keystore = BrokerMapping.keystore(request.getKeystore());
    return calls.answer(
        Rpc.GET_PUBLIC_KEK,
        target(keystore),
        facts ->
            broker
                .activeKek(keystore)
                .invoke(kek -> facts.kek(kek.name().id()))
                .map(kek -> BrokerMapping.publicKek(kek, cacheConfig.freshness())));
  }

  private static Target target(KeystoreName keystore) {
    return new Target(keystore.tenant(), keystore.keystore());
  }
}

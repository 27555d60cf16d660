package dev.keybroker.grpc;

import com.google.protobuf.ByteString;
import dev.keybroker.access.Target;
import dev.keybroker.audit.CallFacts;
import dev.keybroker.concurrent.Soon;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.RecipientKey;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.WrappedDek;
import dev.keybroker.dek.DekBroker;
import dev.keybroker.dek.Rewrapped;
import dev.keybroker.dek.Unwrapped;
import dev.keybroker.dek.WrappedResult;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.v1.BatchRewrapDeksRequest;
import dev.keybroker.v1.BatchRewrapDeksResponse;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchUnwrapDeksResponse;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksResponse;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDekResult;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.UnwrapDekResult;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import dev.keybroker.v1.WrapDekResult;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.ServerServiceDefinition;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;
import java.util.Map;

/// The data plane. Requests were validated before they come here; those of a batch are validated
/// item by item.
@GrpcService
public class BrokerService implements BindableService {
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
  public ServerServiceDefinition bindService() {
    return ServerServiceDefinition.builder(KeyBrokerGrpc.getServiceDescriptor())
        .addMethod(
            KeyBrokerGrpc.getWrapDekMethod(), UnaryCall.handler(this::wrap, BrokerService::wrapped))
        .addMethod(
            KeyBrokerGrpc.getUnwrapDekMethod(),
            UnaryCall.handler(this::unwrap, (result, headers) -> unwrapped(result)))
        .addMethod(
            KeyBrokerGrpc.getRewrapDekMethod(),
            UnaryCall.handler(this::rewrap, (result, headers) -> BrokerMapping.rewrapped(result)))
        .addMethod(KeyBrokerGrpc.getBatchWrapDeksMethod(), UnaryCall.handler(this::batchWrap))
        .addMethod(KeyBrokerGrpc.getBatchUnwrapDeksMethod(), UnaryCall.handler(this::batchUnwrap))
        .addMethod(KeyBrokerGrpc.getBatchRewrapDeksMethod(), UnaryCall.handler(this::batchRewrap))
        .addMethod(
            KeyBrokerGrpc.getGetPublicKekMethod(),
            UnaryCall.handler(
                this::publicKek,
                (kek, headers) -> BrokerMapping.publicKek(kek, cacheConfig.freshness())))
        .build();
  }

  private Soon<Answer<WrappedResult>> wrap(CallOrigin origin, WrapDekRequest request) {
    KeystoreName keystore = BrokerMapping.keystore(request.getKeystore());
    return calls.start(
        origin, Rpc.WRAP_DEK, target(keystore), facts -> wrap(facts, keystore, request));
  }

  private Soon<WrappedResult> wrap(CallFacts facts, KeystoreName keystore, WrapDekRequest request) {
    EncryptionContext context = context(facts, request.getEncryptionContextMap());
    Soon<WrappedResult> wrapped;
    if (request.getDek().isEmpty()) {
      int size = request.getDekSizeBytes() == 0 ? DEFAULT_DEK_SIZE : request.getDekSizeBytes();
      wrapped = broker.wrapNew(keystore, size, !request.getWithoutPlaintext(), context);
    } else {
      wrapped = broker.wrap(keystore, SecretBytes.adopt(request.getDek().toByteArray()), context);
    }
    return wrapped.map(
        result -> {
          facts.kek(result.kek().id());
          return result;
        });
  }

  private static WrapDekResponse wrapped(WrappedResult result, Metadata headers) {
    LastKnownHeaders.add(result.lastKnown(), headers);
    return BrokerMapping.wrapped(result);
  }

  private static EncryptionContext context(CallFacts facts, Map<String, String> pairs) {
    EncryptionContext context = BrokerMapping.context(pairs);
    facts.context(context, pairs);
    return context;
  }

  private Soon<Answer<Unwrapped>> unwrap(CallOrigin origin, UnwrapDekRequest request) {
    KeystoreName keystore = BrokerMapping.keystore(request.getKeystore());
    return calls.start(
        origin, Rpc.UNWRAP_DEK, target(keystore), facts -> unwrap(facts, keystore, request));
  }

  private Soon<Unwrapped> unwrap(
      CallFacts facts, KeystoreName keystore, UnwrapDekRequest request) {
    EncryptionContext context = context(facts, request.getEncryptionContextMap());
    facts.kek(WrappedDek.namedKek(request.getWrappedDek().asReadOnlyByteBuffer()));
    byte[] wrappedDek = request.getWrappedDek().toByteArray();
    Soon<Unwrapped> unwrapped =
        request.getRecipientPublicKey().isEmpty()
            ? broker.unwrap(keystore, wrappedDek, context).map(it -> it)
            : new Soon.Later<>(
                broker
                    .unwrapSealed(
                        keystore,
                        wrappedDek,
                        context,
                        recipient(facts, request.getRecipientPublicKey()))
                    .map(it -> it));
    return unwrapped.map(
        result -> {
          facts.kmsRequestId(result.kmsRequestId());
          return result;
        });
  }

  private static RecipientKey recipient(CallFacts facts, ByteString publicKey) {
    RecipientKey recipient = BrokerMapping.recipient(publicKey);
    facts.destination("recipients/" + recipient.fingerprint());
    return recipient;
  }

  private static UnwrapDekResponse unwrapped(Unwrapped result) {
    try (result) {
      return BrokerMapping.unwrapped(result);
    }
  }

  private Soon<Answer<Rewrapped>> rewrap(CallOrigin origin, RewrapDekRequest request) {
    KeystoreName source = BrokerMapping.keystore(request.getKeystore());
    if (!request.getRecipientPublicKey().isEmpty()) {
      return calls.start(
          origin,
          Rpc.EXPORT_DEK,
          target(source),
          facts -> new Soon.Later<>(export(facts, source, request)));
    }
    KeystoreName destination =
        request.getDestinationKeystore().isEmpty()
            ? source
            : BrokerMapping.keystore(request.getDestinationKeystore());
    return calls.start(
        origin,
        Rpc.REWRAP_DEK,
        target(source),
        target(destination),
        facts -> new Soon.Later<>(rewrap(facts, source, destination, request)));
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

  private Uni<BatchWrapDeksResponse> batchWrap(CallOrigin origin, BatchWrapDeksRequest request) {
    return batch
        .run(
            request.getRequestsList(),
            item -> Soon.uni(() -> wrap(origin, item)).map(Answer::release),
            result -> WrapDekResult.newBuilder().setResponse(BrokerMapping.wrapped(result)).build(),
            error -> WrapDekResult.newBuilder().setError(error).build())
        .map(all -> BatchWrapDeksResponse.newBuilder().addAllResults(all).build());
  }

  private Uni<BatchUnwrapDeksResponse> batchUnwrap(
      CallOrigin origin, BatchUnwrapDeksRequest request) {
    return batch
        .run(
            request.getRequestsList(),
            item -> Soon.uni(() -> unwrap(origin, item)),
            answer -> UnwrapDekResult.newBuilder().setResponse(unwrapped(answer.release())).build(),
            error -> UnwrapDekResult.newBuilder().setError(error).build())
        .map(all -> BatchUnwrapDeksResponse.newBuilder().addAllResults(all).build());
  }

  private Uni<BatchRewrapDeksResponse> batchRewrap(
      CallOrigin origin, BatchRewrapDeksRequest request) {
    return batch
        .run(
            request.getRequestsList(),
            item -> Soon.uni(() -> rewrap(origin, item)),
            answer ->
                RewrapDekResult.newBuilder()
                    .setResponse(BrokerMapping.rewrapped(answer.release()))
                    .build(),
            error -> RewrapDekResult.newBuilder().setError(error).build())
        .map(all -> BatchRewrapDeksResponse.newBuilder().addAllResults(all).build());
  }

  private Soon<Answer<ActiveKek>> publicKek(CallOrigin origin, GetPublicKekRequest request) {
    KeystoreName keystore = BrokerMapping.keystore(request.getKeystore());
    return calls.start(
        origin,
        Rpc.GET_PUBLIC_KEK,
        target(keystore),
        facts ->
            new Soon.Later<>(broker.activeKek(keystore).invoke(kek -> facts.kek(kek.name().id()))));
  }

  private static Target target(KeystoreName keystore) {
    return new Target(keystore.tenant(), keystore.keystore());
  }
}

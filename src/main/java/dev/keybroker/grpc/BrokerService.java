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
import dev.keybroker.dek.WrapSessionConfig;
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
import dev.keybroker.v1.RewrapDeksItem;
import dev.keybroker.v1.RewrapDeksRequest;
import dev.keybroker.v1.RewrapDeksResponse;
import dev.keybroker.v1.RewrapDeksResult;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.UnwrapDekResult;
import dev.keybroker.v1.WrapDekResult;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The data plane. Requests were validated before they come here; those of a batch are validated
/// item by item.
@GrpcService
public class BrokerService implements BindableService {
  private final DekBroker broker;
  private final Batch batch;
  private final KekCacheConfig cacheConfig;
  private final Calls calls;
  private final DekMessages messages;

  BrokerService(
      DekBroker broker,
      Batch batch,
      KekCacheConfig cacheConfig,
      WrapSessionConfig sessions,
      Calls calls) {
    this.broker = broker;
    this.batch = batch;
    this.cacheConfig = cacheConfig;
    this.calls = calls;
    this.messages = new DekMessages(sessions.maxSessions());
  }

  @Override
  public ServerServiceDefinition bindService() {
    MethodDescriptor<Object, EncodedResponse> wrapDek = messages.wrapDek();
    MethodDescriptor<Object, EncodedResponse> unwrapDek = messages.unwrapDek();
    return ServerServiceDefinition.builder(descriptor(wrapDek, unwrapDek))
        .addMethod(
            wrapDek,
            UnaryCall.handler(
                (origin, request) -> wrap(origin, DekMessages.wrap(request)),
                BrokerService::wrapped))
        .addMethod(
            unwrapDek,
            UnaryCall.handler(
                (origin, request) -> unwrap(origin, DekMessages.unwrap(request)),
                (result, headers) -> EncodedResponse.of(result)))
        .addMethod(
            KeyBrokerGrpc.getRewrapDekMethod(),
            UnaryCall.handler(this::rewrap, (result, headers) -> BrokerMapping.rewrapped(result)))
        .addMethod(KeyBrokerGrpc.getBatchWrapDeksMethod(), UnaryCall.handler(this::batchWrap))
        .addMethod(KeyBrokerGrpc.getBatchUnwrapDeksMethod(), UnaryCall.handler(this::batchUnwrap))
        .addMethod(KeyBrokerGrpc.getBatchRewrapDeksMethod(), UnaryCall.handler(this::batchRewrap))
        .addMethod(KeyBrokerGrpc.getRewrapDeksMethod(), BatchStream.handler(this::rewrapAll))
        .addMethod(
            KeyBrokerGrpc.getGetPublicKekMethod(),
            UnaryCall.handler(
                this::publicKek,
                (kek, headers) -> BrokerMapping.publicKek(kek, cacheConfig.freshness())))
        .build();
  }

  /// Returns the descriptor of the service, with these in place of its methods of the same names.
  private static ServiceDescriptor descriptor(MethodDescriptor<?, ?>... hot) {
    ServiceDescriptor service = KeyBrokerGrpc.getServiceDescriptor();
    Map<String, MethodDescriptor<?, ?>> methods = new LinkedHashMap<>();
    service.getMethods().forEach(method -> methods.put(method.getFullMethodName(), method));
    List.of(hot).forEach(method -> methods.put(method.getFullMethodName(), method));
    ServiceDescriptor.Builder withHot =
        ServiceDescriptor.newBuilder(service.getName())
            .setSchemaDescriptor(service.getSchemaDescriptor());
    methods.values().forEach(withHot::addMethod);
    return withHot.build();
  }

  private Soon<Answer<WrappedResult>> wrap(CallOrigin origin, DekRequest request) {
    return calls.start(
        origin, Rpc.WRAP_DEK, request.keystore().target(), facts -> wrap(facts, request));
  }

  private Soon<WrappedResult> wrap(CallFacts facts, DekRequest request) {
    KeystoreName keystore = request.keystore().name();
    EncryptionContext context = checked(facts, request.context());
    Soon<WrappedResult> wrapped =
        request.bytes().length == 0
            ? broker.wrapNew(keystore, request.size(), request.withPlaintext(), context)
            : broker.wrap(keystore, SecretBytes.adopt(request.bytes()), context);
    return wrapped.map(
        result -> {
          facts.kek(result.kek().id());
          return result;
        });
  }

  private static EncodedResponse wrapped(WrappedResult result, Metadata headers) {
    LastKnownHeaders.add(result.lastKnown(), headers);
    return EncodedResponse.of(result);
  }

  private static EncryptionContext checked(CallFacts facts, EncryptionContext context) {
    if (context.totalBytes() > EncryptionContext.MAX_TOTAL_BYTES) {
      throw new RequestInvalid(
          "encryption_context", "keys and values together must be at most 8192 bytes");
    }
    facts.context(context, context::value);
    return context;
  }

  private Soon<Answer<Unwrapped>> unwrap(CallOrigin origin, DekRequest request) {
    return calls.start(
        origin, Rpc.UNWRAP_DEK, request.keystore().target(), facts -> unwrap(facts, request));
  }

  private Soon<Unwrapped> unwrap(CallFacts facts, DekRequest request) {
    KeystoreName keystore = request.keystore().name();
    EncryptionContext context = checked(facts, request.context());
    facts.kek(WrappedDek.namedKek(ByteBuffer.wrap(request.bytes())));
    return request.recipient().isEmpty()
        ? broker.unwrap(keystore, request.bytes(), context).map(result -> recorded(facts, result))
        : new Soon.Later<>(
            broker
                .unwrapSealed(
                    keystore, request.bytes(), context, recipient(facts, request.recipient()))
                .map(result -> recorded(facts, result)));
  }

  private static Unwrapped recorded(CallFacts facts, Unwrapped result) {
    facts.kmsRequestId(result.kmsRequestId());
    return result;
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
    EncryptionContext context =
        checked(facts, EncryptionContext.of(request.getEncryptionContextMap()));
    facts.kek(WrappedDek.namedKek(request.getWrappedDek().asReadOnlyByteBuffer()));
    RecipientKey recipient = recipient(facts, request.getRecipientPublicKey());
    return broker
        .unwrapSealed(source, request.getWrappedDek().toByteArray(), context, recipient)
        .invoke(result -> facts.kmsRequestId(result.kmsRequestId()))
        .map(result -> result);
  }

  private Uni<Rewrapped> rewrap(
      CallFacts facts, KeystoreName source, KeystoreName destination, RewrapDekRequest request) {
    EncryptionContext context =
        checked(facts, EncryptionContext.of(request.getEncryptionContextMap()));
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
            item -> Soon.uni(() -> wrap(origin, DekRequest.of(item))).map(Answer::release),
            result -> WrapDekResult.newBuilder().setResponse(BrokerMapping.wrapped(result)).build(),
            error -> WrapDekResult.newBuilder().setError(error).build())
        .map(all -> BatchWrapDeksResponse.newBuilder().addAllResults(all).build());
  }

  private Uni<BatchUnwrapDeksResponse> batchUnwrap(
      CallOrigin origin, BatchUnwrapDeksRequest request) {
    return batch
        .run(
            request.getRequestsList(),
            item -> Soon.uni(() -> unwrap(origin, DekRequest.of(item))),
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

  private Uni<RewrapDeksResponse> rewrapAll(CallOrigin origin, RewrapDeksRequest request) {
    return batch
        .run(
            request.getItemsList().stream().map(RewrapDeksItem::getRequest).toList(),
            item -> Soon.uni(() -> rewrap(origin, item)),
            answer ->
                RewrapDeksResult.newBuilder()
                    .setResponse(BrokerMapping.rewrapped(answer.release())),
            error -> RewrapDeksResult.newBuilder().setError(error))
        .map(
            results -> {
              RewrapDeksResponse.Builder response = RewrapDeksResponse.newBuilder();
              for (int i = 0; i < results.size(); i++) {
                response.addResults(results.get(i).setId(request.getItems(i).getId()));
              }
              return response.build();
            });
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

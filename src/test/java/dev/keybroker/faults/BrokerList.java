package dev.keybroker.faults;

import io.grpc.EquivalentAddressGroup;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.StatusOr;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// A name that stands for several brokers at addresses that stay, and a client's channel to it.
final class BrokerList extends NameResolverProvider {
  private static final String SCHEME = "brokers";

  private final List<EquivalentAddressGroup> addresses;

  BrokerList(int... ports) {
    addresses =
        Arrays.stream(ports)
            .mapToObj(port -> new EquivalentAddressGroup(new InetSocketAddress("127.0.0.1", port)))
            .toList();
  }

  /// A channel over plaintext with this service config, to be shut down by the caller.
  ManagedChannel channel(Map<String, ?> serviceConfig) {
    NameResolverRegistry registry = NameResolverRegistry.getDefaultRegistry();
    registry.register(this);
    try {
      return ManagedChannelBuilder.forTarget(SCHEME + ":///all")
          .usePlaintext()
          .defaultServiceConfig(serviceConfig)
          .build();
    } finally {
      registry.deregister(this);
    }
  }

  @Override
  public NameResolver newNameResolver(URI target, NameResolver.Args args) {
    return new NameResolver() {
      @Override
      public String getServiceAuthority() {
        return "brokers";
      }

      @Override
      public void start(Listener2 listener) {
        listener.onResult(
            ResolutionResult.newBuilder()
                .setAddressesOrError(StatusOr.fromValue(addresses))
                .build());
      }

      @Override
      public void shutdown() {}
    };
  }

  @Override
  public String getDefaultScheme() {
    return SCHEME;
  }

  @Override
  protected boolean isAvailable() {
    return true;
  }

  @Override
  protected int priority() {
    return 5;
  }
}

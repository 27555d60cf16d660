package dev.keybroker.grpc.transport;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/// The unit that counts as one peer: an IPv4 address, or a /64 network of IPv6, because one host
/// may use all addresses of it.
final class PeerNetwork {
  private static final int NETWORK_BYTES = 8;

  private PeerNetwork() {}

  /// Returns the network of a connection's peer.
  static String of(SocketAddress address) {
    if (!(address instanceof InetSocketAddress it) || it.getAddress() == null) {
      return "unknown";
    }
    if (!(it.getAddress() instanceof Inet6Address six)) {
      return it.getAddress().getHostAddress();
    }
    byte[] network = six.getAddress();
    Arrays.fill(network, NETWORK_BYTES, network.length, (byte) 0);
    try {
      return InetAddress.getByAddress(network).getHostAddress() + "/64";
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}

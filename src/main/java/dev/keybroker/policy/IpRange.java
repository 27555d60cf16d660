package dev.keybroker.policy;

import java.net.InetAddress;

/// A range of IP addresses in CIDR notation; without a prefix length, one address.
///
/// @param network the first address of the range, or any other of it
/// @param prefix how many leading bits count
record IpRange(InetAddress network, int prefix) {

  /// @throws MalformedPolicyException if `text` is no range; names are not looked up
  static IpRange parse(String text) {
    int slash = text.indexOf('/');
    try {
      InetAddress network = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
      int bits = network.getAddress().length * 8;
      int prefix = slash < 0 ? bits : Integer.parseInt(text.substring(slash + 1));
      if (prefix >= 0 && prefix <= bits) {
        return new IpRange(network, prefix);
      }
    } catch (IllegalArgumentException e) {
      throw malformed(text);
    }
    throw malformed(text);
  }

  /// Whether `address` is an IP address of this range.
  boolean contains(String address) {
    byte[] given;
    try {
      given = InetAddress.ofLiteral(address).getAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
    byte[] mine = network.getAddress();
    if (given.length != mine.length) {
      return false;
    }
    for (int bit = 0; bit < prefix; bit++) {
      int mask = 0x80 >> (bit % 8);
      if (((given[bit / 8] ^ mine[bit / 8]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }

  private static MalformedPolicyException malformed(String text) {
    return MalformedPolicyException.quoting("not a range of IP addresses", ": " + text);
  }
}

package dev.keybroker.grpc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class PeerNetworkTest {
  private static String of(String address) throws UnknownHostException {
    return PeerNetwork.of(new InetSocketAddress(InetAddress.getByName(address), 4711));
  }

  @Test
  void ipv4_isOnePeerForEachAddress() throws UnknownHostException {
    assertEquals("10.0.0.1", of("10.0.0.1"));
    assertEquals("10.0.0.1", of("::ffff:10.0.0.1"));
    assertNotEquals(of("10.0.0.1"), of("10.0.0.2"));
  }

  @Test
  void ipv6_isOnePeerForEachNetworkOf64Bits() throws UnknownHostException {
    assertEquals("2001:db8:0:1:0:0:0:0/64", of("2001:db8:0:1::1"));
    assertEquals(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff:ffff:ffff:ffff"));
    assertNotEquals(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
  }

  @Test
  void ipv6_ofOneInterface_isAPeerWithoutItsScope() throws UnknownHostException {
    assertEquals("fe80:0:0:0:0:0:0:0/64", of("fe80::1"));
  }
}

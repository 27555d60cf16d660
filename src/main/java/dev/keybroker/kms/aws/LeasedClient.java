package dev.keybroker.kms.aws;

import software.amazon.awssdk.services.kms.KmsAsyncClient;

/// An SDK client that is closed when its last lease ends. The first lease is the cache's own, so an
/// evicted client outlives the calls that it still has under way.
final class LeasedClient {
  private final KmsAsyncClient client;
  private int leases = 1;

  LeasedClient(KmsAsyncClient client) {
    this.client = client;
  }

  KmsAsyncClient client() {
    return client;
  }

  /// False where the client is closed already.
  synchronized boolean tryLease() {
    if (leases == 0) {
      return false;
    }
    leases++;
    return true;
  }

  void release() {
    boolean last;
    synchronized (this) {
      leases--;
      last = leases == 0;
    }
    if (last) {
      client.close();
    }
  }
}

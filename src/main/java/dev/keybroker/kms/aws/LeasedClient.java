package dev.keybroker.kms.aws;

import software.amazon.awssdk.services.kms.KmsAsyncClient;

/// An SDK client that is closed when its last lease ends. The cache holds the first lease, so an
/// evicted client stays open until its calls under way have ended.
final class LeasedClient {
  private final KmsAsyncClient client;
  private int leases = 1;

  LeasedClient(KmsAsyncClient client) {
    this.client = client;
  }

  KmsAsyncClient client() {
    return client;
  }

  /// Returns false if the client is already closed.
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

package dev.keybroker.keystore;

import java.util.Map;

/// The encryption context towards KMS as it is configured by default.
enum TestContext implements KmsContextConfig {
  DEFAULT;

  @Override
  public String tenantKey() {
    return "keybroker:tenant";
  }

  @Override
  public String keystoreKey() {
    return "keybroker:keystore";
  }

  @Override
  public Map<String, String> extra() {
    return Map.of();
  }
}

package dev.keybroker.kubernetes;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.List;

/// What `k8s/` uses of `cert-manager.io/v1`, as its CustomResourceDefinition names it.
record Certificate(String apiVersion, String kind, ObjectMeta metadata, Spec spec) {
  record Spec(
      String secretName,
      String duration,
      String renewBefore,
      PrivateKey privateKey,
      List<String> usages,
      List<String> dnsNames,
      List<String> uris,
      IssuerRef issuerRef) {}

  record PrivateKey(String algorithm, int size, String encoding, String rotationPolicy) {}

  record IssuerRef(String group, String kind, String name) {}
}

package dev.keybroker.kubernetes;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.List;
import java.util.Map;

/// What `k8s/` uses of `external-secrets.io/v1`, as its CustomResourceDefinition names it.
record ExternalSecret(String apiVersion, String kind, ObjectMeta metadata, Spec spec) {
  record Spec(String refreshInterval, Store secretStoreRef, Target target, List<Data> data) {}

  record Store(String kind, String name) {}

  record Target(String name, String creationPolicy, Template template) {}

  record Template(String type, Map<String, String> data) {}

  record Data(String secretKey, RemoteRef remoteRef) {}

  record RemoteRef(String key, String property) {}
}

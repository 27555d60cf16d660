package dev.keybroker.kubernetes;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;

/// What `k8s/` uses of `batch/v1` Job; the pod in it is Kubernetes' own model.
record Job(String apiVersion, String kind, ObjectMeta metadata, Spec spec) {
  record Spec(int backoffLimit, int activeDeadlineSeconds, PodTemplateSpec template) {}
}

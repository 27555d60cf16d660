package dev.keybroker.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// What one folder of `k8s/` gives, as typed objects.
record Overlay(String name, List<Object> objects) {
  static Overlay of(String name, List<JsonNode> rendered) throws IOException {
    List<Object> objects = new ArrayList<>();
    for (JsonNode object : rendered) {
      objects.add(StrictModel.parse(object));
    }
    return new Overlay(name, List.copyOf(objects));
  }

  <T> List<T> all(Class<T> type) {
    return objects.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /// The one object of this type and name.
  <T extends io.fabric8.kubernetes.api.model.HasMetadata> T one(Class<T> type, String name) {
    List<T> found =
        all(type).stream().filter(it -> it.getMetadata().getName().equals(name)).toList();
    if (found.size() != 1) {
      throw new AssertionError(this.name + " has " + found.size() + " " + type + " " + name);
    }
    return found.getFirst();
  }

  Deployment broker() {
    return one(Deployment.class, "keybroker");
  }

  /// What the pods of every workload are made of.
  List<PodTemplateSpec> podTemplates() {
    List<PodTemplateSpec> templates = new ArrayList<>(serving());
    all(Job.class).forEach(it -> templates.add(it.spec().template()));
    return templates;
  }

  /// What the pods of every workload that does not end by itself are made of.
  List<PodTemplateSpec> serving() {
    List<PodTemplateSpec> templates = new ArrayList<>();
    all(Deployment.class).forEach(it -> templates.add(it.getSpec().getTemplate()));
    all(StatefulSet.class).forEach(it -> templates.add(it.getSpec().getTemplate()));
    return templates;
  }

  @Override
  public String toString() {
    return name;
  }
}

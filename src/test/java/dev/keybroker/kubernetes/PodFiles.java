package dev.keybroker.kubernetes;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The files that a container of a pod sees: for each absolute path its content, as the volumes
/// mount ConfigMaps, Secrets and tokens.
final class PodFiles {
  /// `{{ .name }}`, or with the escape of a backslash that properties files need.
  private static final Pattern PLACE =
      Pattern.compile("\\{\\{ \\.(\\w+)( \\| replace \"\\\\\\\\\" \"\\\\\\\\\\\\\\\\\")? }}");

  private final Overlay overlay;
  private final Given given;

  /// What the manifests name and others supply.
  ///
  /// @param configMaps the content of each key, by the name of the ConfigMap
  /// @param secrets the same of Secrets that a controller writes, such as cert-manager
  /// @param remote the values of the secret store, by `key/property`
  /// @param token a token of the pod's service account
  record Given(
      Map<String, Map<String, String>> configMaps,
      Map<String, Map<String, String>> secrets,
      Map<String, String> remote,
      String token) {}

  private PodFiles(Overlay overlay, Given given) {
    this.overlay = overlay;
    this.given = given;
  }

  /// @throws AssertionError if a volume names something that neither the overlay nor others supply
  static Map<String, String> of(Overlay overlay, PodSpec pod, Container container, Given given) {
    PodFiles files = new PodFiles(overlay, given);
    Map<String, String> all = new TreeMap<>();
    for (VolumeMount mount : container.getVolumeMounts()) {
      Volume volume =
          pod.getVolumes().stream()
              .filter(it -> it.getName().equals(mount.getName()))
              .findFirst()
              .orElseThrow(() -> new AssertionError("no volume for " + mount));
      files
          .of(volume)
          .forEach((name, content) -> all.put(mount.getMountPath() + "/" + name, content));
    }
    return all;
  }

  private Map<String, String> of(Volume volume) {
    if (volume.getConfigMap() != null) {
      return items(configMap(volume.getConfigMap().getName()), volume.getConfigMap().getItems());
    }
    if (volume.getSecret() != null) {
      return items(secret(volume.getSecret().getSecretName()), volume.getSecret().getItems());
    }
    if (volume.getProjected() != null) {
      Map<String, String> all = new HashMap<>();
      volume.getProjected().getSources().forEach(source -> all.putAll(of(source)));
      return all;
    }
    if (volume.getEmptyDir() != null) {
      return Map.of();
    }
    throw new AssertionError("a volume of another kind: " + volume);
  }

  private Map<String, String> of(VolumeProjection source) {
    if (source.getServiceAccountToken() != null) {
      return Map.of(source.getServiceAccountToken().getPath(), given.token);
    }
    if (source.getConfigMap() != null) {
      return items(configMap(source.getConfigMap().getName()), source.getConfigMap().getItems());
    }
    throw new AssertionError("a projection of another kind: " + source);
  }

  private static Map<String, String> items(
      Map<String, String> data, @Nullable List<KeyToPath> items) {
    if (items == null || items.isEmpty()) {
      return data;
    }
    Map<String, String> chosen = new HashMap<>();
    for (KeyToPath item : items) {
      String content = data.get(item.getKey());
      if (content == null) {
        throw new AssertionError("no key " + item.getKey() + " in " + data.keySet());
      }
      chosen.put(item.getPath(), content);
    }
    return chosen;
  }

  private Map<String, String> configMap(String name) {
    return overlay.all(ConfigMap.class).stream()
        .filter(it -> it.getMetadata().getName().equals(name))
        .findFirst()
        .map(ConfigMap::getData)
        .orElseGet(() -> given(given.configMaps, "ConfigMap", name));
  }

  private Map<String, String> secret(String name) {
    for (Secret secret : overlay.all(Secret.class)) {
      if (secret.getMetadata().getName().equals(name)) {
        Map<String, String> decoded = new HashMap<>();
        secret.getData().forEach((key, value) -> decoded.put(key, decode(value)));
        return decoded;
      }
    }
    for (ExternalSecret secret : overlay.all(ExternalSecret.class)) {
      if (secret.spec().target().name().equals(name)) {
        return filled(secret);
      }
    }
    return given(given.secrets, "Secret", name);
  }

  private static Map<String, String> given(
      Map<String, Map<String, String>> all, String kind, String name) {
    Map<String, String> data = all.get(name);
    if (data == null) {
      throw new AssertionError("nobody supplies the " + kind + " " + name);
    }
    return data;
  }

  /// What the External Secrets Operator makes of the template.
  private Map<String, String> filled(ExternalSecret secret) {
    Map<String, String> values = new HashMap<>();
    for (ExternalSecret.Data data : secret.spec().data()) {
      String property = data.remoteRef().property();
      String name = data.remoteRef().key() + (property == null ? "" : "/" + property);
      String value = given.remote.get(name);
      if (value == null) {
        throw new AssertionError("nobody supplies " + name + " of the secret store");
      }
      values.put(data.secretKey(), value);
    }
    Map<String, String> files = new HashMap<>();
    secret.spec().target().template().data().forEach((k, v) -> files.put(k, fill(v, values)));
    return files;
  }

  private static String fill(String template, Map<String, String> values) {
    String filled =
        PLACE
            .matcher(template)
            .replaceAll(
                place -> {
                  String value = values.get(place.group(1));
                  if (value == null) {
                    throw new AssertionError("the template names no secret: " + place.group());
                  }
                  return Matcher.quoteReplacement(
                      place.group(2) == null ? value : value.replace("\\", "\\\\"));
                });
    if (filled.contains("{{")) {
      throw new AssertionError("a form of template that is not known here: " + template);
    }
    return filled;
  }

  private static String decode(String base64) {
    return new String(Base64.getMimeDecoder().decode(base64), StandardCharsets.UTF_8);
  }
}

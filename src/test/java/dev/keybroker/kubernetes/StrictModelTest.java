package dev.keybroker.kubernetes;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrictModelTest {
  private static final String DEPLOYMENT =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: broker
      spec:
        template:
          spec:
            containers:
              - name: broker
                readinessProbe:
                  httpGet:
                    port: management
                resources:
                  limits:
                    cpu: "2"
      """;

  @Test
  void parse_aKnownObject_isTyped() throws IOException {
    assertInstanceOf(Deployment.class, parse(DEPLOYMENT));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"metadata", "spec", "template", "containers", "readinessProbe", "httpGet"})
  void parse_anUnknownField_isRefused(String ignored) {
    String misspelt =
        switch (ignored) {
          case "metadata" -> DEPLOYMENT.replace("  name: broker\nspec", "  nam: broker\nspec");
          case "spec" -> DEPLOYMENT.replace("spec:\n  template", "spec:\n  replica: 1\n  template");
          case "template" -> DEPLOYMENT.replace("    spec:\n", "    specs:\n");
          case "containers" -> DEPLOYMENT.replace("- name: broker", "- nmae: broker");
          case "readinessProbe" -> DEPLOYMENT.replace("httpGet", "httpget");
          default -> DEPLOYMENT.replace("port: management", "prot: management");
        };
    assertTrue(!misspelt.equals(DEPLOYMENT));

    assertThrows(UnrecognizedPropertyException.class, () -> parse(misspelt));
  }

  @Test
  void parse_aValueOfAnotherType_isRefused() {
    assertThrows(
        MismatchedInputException.class,
        () -> parse(DEPLOYMENT.replace("name: broker\nspec", "name: [broker]\nspec")));
  }

  @Test
  void parse_anUnknownKind_isRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> parse(DEPLOYMENT.replace("kind: Deployment", "kind: Deploymnet")));
  }

  private static Object parse(String yaml) throws IOException {
    JsonNode object = new YAMLMapper().readTree(yaml);
    return StrictModel.parse(object);
  }
}

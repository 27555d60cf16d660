package dev.keybroker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What the workflow of a release promises, as far as its text shows: no run of it is possible
/// here.
class ReleaseWorkflowTest {
  private static final Path FILE = Path.of(".github/workflows/release.yml");
  private static final Pattern PINNED = Pattern.compile("[\\w-]+/[\\w-]+@[0-9a-f]{40}");

  private static JsonNode workflow() throws IOException {
    return new YAMLMapper().readTree(FILE.toFile());
  }

  private static List<JsonNode> steps() throws IOException {
    List<JsonNode> steps = new ArrayList<>();
    workflow().get("jobs").forEach(job -> job.get("steps").forEach(steps::add));
    return steps;
  }

  /// A version that is not a snapshot is one to be tagged, so it has its section of the changelog.
  @Test
  void version_isOneInAllPlaces() throws IOException {
    String pom = Files.readString(Path.of("pom.xml"));
    String inPom = first("<version>([^<]+)</version>", pom);
    String version = inPom.replace("-SNAPSHOT", "");

    String chart = Files.readString(Path.of("k8s/helm/keybroker/Chart.yaml"));
    assertEquals(version, first("(?m)^version: (.+)$", chart));
    assertEquals(version, first("(?m)^appVersion: (.+)$", chart));
    for (String overlay : List.of("irsa", "pod-identity")) {
      Path file = Path.of("k8s/overlays/eks", overlay, "kustomization.yaml");
      assertEquals(version, first("newTag: (.+)", Files.readString(file)), overlay);
    }
    if (inPom.equals(version)) {
      String changelog = Files.readString(Path.of("src/docs/CHANGELOG.md"));
      assertEquals(version, first("(?m)^## (\\S+)", changelog));
    }
  }

  private static String first(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertTrue(matcher.find(), pattern);
    return matcher.group(1);
  }

  @Test
  void actions_arePinnedByCommit_withTheVersionBesideIt() throws IOException {
    String text = Files.readString(FILE);
    for (JsonNode step : steps()) {
      if (step.has("uses")) {
        String action = step.get("uses").textValue();
        assertTrue(PINNED.matcher(action).matches(), action);
        assertTrue(text.contains(action + " # v"), action);
      }
    }
  }

  /// A script that reaches no right it does not need, and no text of others.
  @Test
  void jobs_haveTheRightsTheyUse() throws IOException {
    assertTrue(workflow().get("permissions").isEmpty());
    for (JsonNode job : workflow().get("jobs")) {
      assertTrue(job.has("permissions") && job.has("timeout-minutes"), job::toString);
    }
    for (JsonNode step : steps()) {
      if (step.has("run")) {
        assertFalse(step.get("run").textValue().contains("${{"), "text of others in a script");
      }
    }
  }

  @Test
  void scripts_areBash() throws Exception {
    for (JsonNode step : steps()) {
      if (step.has("run")) {
        String script = step.get("run").textValue();
        Process bash = new ProcessBuilder("bash", "-n").redirectErrorStream(true).start();
        try (var in = bash.getOutputStream()) {
          in.write(script.getBytes(StandardCharsets.UTF_8));
        }
        String errors = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(bash.waitFor(1, TimeUnit.MINUTES));
        assertEquals("", errors, script);
      }
    }
  }

  /// What jobs hand to each other, and the files of the repository that they name.
  @Test
  void namesOfFilesAndJobs_exist() throws IOException {
    Set<String> jobs = new HashSet<>();
    workflow().get("jobs").fieldNames().forEachRemaining(jobs::add);
    for (JsonNode job : workflow().get("jobs")) {
      if (job.has("needs")) {
        assertTrue(jobs.contains(job.get("needs").textValue()));
      }
    }
    for (String file :
        List.of(
            ".ci/run",
            "src/main/docker/Dockerfile.native",
            "src/main/docker/Dockerfile.jvm",
            "src/clients/cli/Dockerfile",
            "src/docs/CHANGELOG.md",
            ".github/dependabot.yml")) {
      assertTrue(Files.exists(Path.of(file)), file);
    }
    assertTrue(Files.readString(Path.of("pom.xml")).contains("<outputName>keybroker-sbom<"));
  }
}

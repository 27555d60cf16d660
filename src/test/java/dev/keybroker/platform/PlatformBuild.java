package dev.keybroker.platform;

import io.quarkus.bootstrap.resolver.maven.BootstrapMavenContext;
import io.quarkus.bootstrap.resolver.maven.BootstrapModelBuilderFactory;
import io.quarkus.bootstrap.resolver.maven.BootstrapModelResolver;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.apache.maven.RepositoryUtils;
import org.apache.maven.model.DependencyManagement;
import org.apache.maven.model.Model;
import org.apache.maven.model.building.DefaultModelBuildingRequest;
import org.apache.maven.model.building.ModelBuildingRequest;
import org.codehaus.plexus.util.xml.Xpp3Dom;
import org.eclipse.aether.DefaultRepositoryCache;
import org.eclipse.aether.DefaultRepositorySystemSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.graph.Dependency;
import org.eclipse.aether.util.graph.visitor.PreorderNodeListGenerator;

/// `pom.xml` as Maven reads it on a platform, with the settings, mirrors and local repository of
/// this machine.
final class PlatformBuild {
  private final BootstrapMavenContext maven;
  private final DefaultRepositorySystemSession session;
  private final Model model;

  PlatformBuild(BootstrapMavenContext maven, Platform platform) throws Exception {
    this.maven = maven;
    Properties system = platform.systemProperties();
    session = new DefaultRepositorySystemSession(maven.getRepositorySystemSession());
    session.setSystemProperties(system);
    // What the cache has read is of this machine's platform.
    session.setCache(new DefaultRepositoryCache());
    model =
        BootstrapModelBuilderFactory.getDefaultModelBuilder()
            .build(
                new DefaultModelBuildingRequest()
                    .setPomFile(Path.of("pom.xml").toFile())
                    .setSystemProperties(system)
                    .setValidationLevel(ModelBuildingRequest.VALIDATION_LEVEL_MINIMAL)
                    .setModelResolver(BootstrapModelResolver.newInstance(maven, null)))
            .getEffectiveModel();
  }

  /// What the build needs on the platform: every dependency, the generators of the gRPC code and
  /// the tools that plugins copy.
  Set<Artifact> artefacts() throws Exception {
    CollectRequest request =
        new CollectRequest()
            .setRootArtifact(
                new DefaultArtifact(
                    model.getGroupId(), model.getArtifactId(), "jar", model.getVersion()))
            .setRepositories(maven.getRemoteRepositories());
    model.getDependencies().forEach(it -> request.addDependency(dependency(it)));
    request.addDependency(grpcCodeGeneration());
    DependencyManagement management = model.getDependencyManagement();
    management.getDependencies().forEach(it -> request.addManagedDependency(dependency(it)));
    PreorderNodeListGenerator nodes = new PreorderNodeListGenerator();
    maven.getRepositorySystem().collectDependencies(session, request).getRoot().accept(nodes);
    Set<Artifact> artefacts = new LinkedHashSet<>(nodes.getArtifacts(true));
    artefacts.addAll(tools());
    return artefacts;
  }

  private Dependency dependency(org.apache.maven.model.Dependency declared) {
    return RepositoryUtils.toDependency(declared, session.getArtifactTypeRegistry());
  }

  /// A dependency of the Quarkus plugin's code generation: protoc and its plugins.
  private Dependency grpcCodeGeneration() {
    String version = model.getProperties().getProperty("quarkus.version");
    return new Dependency(
        new DefaultArtifact("io.quarkus", "quarkus-grpc-codegen", "jar", version), "compile");
  }

  /// The artifact items of the plugins' configurations.
  private List<Artifact> tools() {
    List<Artifact> tools = new ArrayList<>();
    model.getBuild().getPlugins().stream()
        .flatMap(plugin -> plugin.getExecutions().stream())
        .map(execution -> (Xpp3Dom) execution.getConfiguration())
        .filter(configuration -> configuration != null)
        .map(configuration -> configuration.getChild("artifactItems"))
        .filter(items -> items != null)
        .flatMap(items -> List.of(items.getChildren()).stream())
        .forEach(
            item ->
                tools.add(
                    new DefaultArtifact(
                        value(item, "groupId", ""),
                        value(item, "artifactId", ""),
                        value(item, "classifier", ""),
                        value(item, "type", "jar"),
                        value(item, "version", ""))));
    return tools;
  }

  private static String value(Xpp3Dom item, String name, String unsaid) {
    Xpp3Dom child = item.getChild(name);
    return child == null ? unsaid : child.getValue();
  }
}

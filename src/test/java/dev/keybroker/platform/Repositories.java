package dev.keybroker.platform;

import io.quarkus.bootstrap.resolver.maven.BootstrapMavenContext;
import io.smallrye.beanbag.maven.MavenFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.impl.RepositoryConnectorProvider;
import org.eclipse.aether.repository.LocalArtifactRequest;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.spi.connector.ArtifactDownload;
import org.eclipse.aether.spi.connector.RepositoryConnector;

/// The repositories from which Maven builds here, mirrors and credentials of its settings included.
final class Repositories {
  private final RepositorySystemSession session;
  private final List<RemoteRepository> remote;

  Repositories(BootstrapMavenContext maven) throws Exception {
    session = maven.getRepositorySystemSession();
    remote = maven.getRemoteRepositories();
  }

  /// The artefacts that neither the local repository nor a remote one has. Asks only whether they
  /// exist: tools of four platforms are some hundred megabytes.
  List<Artifact> missing(Set<Artifact> artefacts) throws Exception {
    List<Artifact> missing = new ArrayList<>(artefacts);
    missing.removeIf(this::isLocal);
    RepositoryConnectorProvider connectors =
        MavenFactory.create().getContainer().requireBean(RepositoryConnectorProvider.class);
    for (RemoteRepository repository : remote) {
      List<ArtifactDownload> questions = missing.stream().map(Repositories::question).toList();
      try (RepositoryConnector connector = connectors.newRepositoryConnector(session, repository)) {
        connector.get(questions, null);
      }
      questions.stream()
          .filter(question -> question.getException() == null)
          .forEach(question -> missing.remove(question.getArtifact()));
    }
    return missing;
  }

  private boolean isLocal(Artifact artefact) {
    return session
        .getLocalRepositoryManager()
        .find(session, new LocalArtifactRequest(artefact, remote, ""))
        .isAvailable();
  }

  private static ArtifactDownload question(Artifact artefact) {
    return new ArtifactDownload(artefact, "", null, "warn").setExistenceCheck(true);
  }
}

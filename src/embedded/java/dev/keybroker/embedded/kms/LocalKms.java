package dev.keybroker.embedded.kms;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/// AWS KMS, STS and a part of IAM for development and tests: an HTTP server on loopback that
/// the AWS SDK talks to by an endpoint override, with several accounts and regions.
///
/// It encrypts, evaluates policies, and checks signatures for real. What differs from AWS:
/// changes count at once and quotas are not enforced unless a test asks for it; asymmetric KMS keys
/// can be made and described, not used. `src/docs/local-kms.md` has the whole list. **Its keys
/// protect nothing**: with a state file, their material lies in that file.
///
/// Beside the AWS protocols there is a local administration in JSON, without authentication:
///
/// - `GET /_local/health`: `{"status":"UP"}`.
/// - `POST /_local/principals` with `{account, name, policy}`: makes a user with an
///   identity-based policy, or takes the account's root (`name` is `root` or absent), and answers
///   with `{account, arn, accessKeyId, secretAccessKey}`; the same credentials at each call.
/// - `POST /_local/keys` with `{account, region, service}`: makes the AWS managed key
///   `alias/aws/{service}`, and answers with its `{arn}`.
/// - `POST /_local/faults` with `{kind, region, account, resource, operation, caller,
///   latencyMillis, probability, abovePerSecond, times}`, all but `kind` optional: puts a [Fault]
///   in force, and answers with its `id`.
/// - `GET /_local/faults`, `DELETE /_local/faults`, `DELETE /_local/faults/{id}`: lists the
///   faults in force with how many calls each has struck; ends all of them; ends one.
/// - `GET /_local/calls`, `DELETE /_local/calls`: reads or resets the counts of calls by
///   operation and outcome.
///
/// Thread-safe.
public final class LocalKms implements AutoCloseable {

  /// An identity-based policy that allows everything.
  public static final String ADMINISTRATOR_ACCESS =
      """
      {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}\
      """;

  private static final int BACKLOG = 1024;

  static {
    // The JDK's HTTP server reads these when its first instance is made. Without the first, Nagle's
    // algorithm and delayed acknowledgements cost 40 ms a request; without the others it would drop
    // idle connections that clients still hold for good ones.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty("sun.net.httpserver.idleInterval", "3600");
    System.setProperty("sun.net.httpserver.maxIdleConnections", "10000");
  }

  private final HttpServer server;
  private final ExecutorService workers;
  private final Faults faults;
  private final Calls calls;
  private final Provisioning provisioning;
  private final RequestQuotas quotas;
  private final Consistency consistency;
  private final ServiceSessions services;

  private LocalKms(
      HttpServer server,
      ExecutorService workers,
      Faults faults,
      Calls calls,
      Provisioning provisioning,
      RequestQuotas quotas,
      Consistency consistency,
      ServiceSessions services) {
    this.server = server;
    this.workers = workers;
    this.faults = faults;
    this.calls = calls;
    this.provisioning = provisioning;
    this.quotas = quotas;
    this.consistency = consistency;
    this.services = services;
  }

  /// Starts a local KMS.
  ///
  /// @throws UncheckedIOException where the port is taken or the state file cannot be read
  public static LocalKms start(LocalKmsOptions options) {
    InstantSource clock = options.clock();
    Path file = options.stateFile();
    LocalState state = new LocalState(file == null ? null : new StateFile(file), clock);
    SessionTokens tokens = new SessionTokens(state.sealingKey());
    Sessions sessions = new Sessions(state, tokens, clock);
    RequestQuotas quotas = new RequestQuotas(clock);
    KmsService kms = new KmsService(state, quotas, clock);
    Identities identities = new Identities(state, clock);
    Provisioning provisioning = new Provisioning(state, identities, kms.keys(), clock);
    Faults faults = new Faults();
    Calls calls = new Calls();
    Gateway gateway =
        new Gateway(
            new Authenticator(state, tokens, clock),
            Map.of(
                "kms",
                new KmsProtocol(kms),
                "sts",
                new QueryProtocol(
                    StsOperations.NAMESPACE,
                    new StsOperations(state, sessions, quotas).operations()),
                "iam",
                new QueryProtocol(
                    IamOperations.NAMESPACE,
                    new IamOperations(state, identities, new OidcOperations(state, clock))
                        .operations())),
            faults,
            calls,
            new Administration(provisioning, faults, calls));
    ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(options.host(), options.port()), BACKLOG);
      server.setExecutor(workers);
      server.createContext("/", gateway);
      server.start();
      return new LocalKms(
          server,
          workers,
          faults,
          calls,
          provisioning,
          quotas,
          state.consistency,
          new ServiceSessions(state, sessions));
    } catch (IOException e) {
      workers.close();
      throw new UncheckedIOException("cannot listen on port " + options.port(), e);
    }
  }

  /// Where KMS, STS and IAM answer on this machine.
  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  public Faults faults() {
    return faults;
  }

  public Calls calls() {
    return calls;
  }

  /// The credentials of a user, created if necessary and gets `policy` as identity-based policy.
  /// The same user keeps the same credentials, also over a restart with a state file.
  ///
  /// @param name the user's name, with or without a path; or `root` for the account's root, to whom
  ///     no policy applies
  /// @param policy null takes a policy given here before away
  public LocalCredentials principal(String account, String name, @Nullable String policy) {
    return provisioning.principal(account, name, policy);
  }

  /// The ARN of a role, which is created if necessary and gets these policies. As in AWS, the users
  /// and roles that the trust policy names must be there.
  ///
  /// @param policy the permissions policy; null takes one given here before away
  public String role(String account, String name, String trustPolicy, @Nullable String policy) {
    return provisioning.role(account, name, trustPolicy, policy);
  }

  /// The credentials of a role's session that a service of AWS starts in its own name, as EKS Pod
  /// Identity does in the name of `pods.eks.amazonaws.com`. The role's trust policy has to let the
  /// service assume the role and, if there are tags, tag the session.
  ///
  /// @param tags the session's tags, all transitive
  public SessionCredentials serviceSession(
      String service,
      String roleArn,
      String sessionName,
      Map<String, String> tags,
      Duration duration) {
    return services.start(service, roleArn, sessionName, tags, duration);
  }

  /// Publishes the keys of an OIDC issuer, in place of those before, as its JWKS endpoint would.
  /// STS accepts the issuer's tokens in accounts that have registered it in IAM.
  ///
  /// @param issuer `https://…`, as tokens name it
  /// @param keys by key id
  public void issuerKeys(String issuer, Map<String, PublicKey> keys) {
    provisioning.issuerKeys(issuer, keys);
  }

  /// Puts an account into a partition of AWS, before it has principals: `aws` unless this says
  /// otherwise, or `aws-cn`, `aws-us-gov`, `aws-eusc`, `aws-iso`, `aws-iso-b`, `aws-iso-e`,
  /// `aws-iso-f`. Credentials are valid only in the regions of their own partition.
  public void partition(String account, String partition) {
    provisioning.partition(account, partition);
  }

  /// Makes an account a member of an organization, whose id policies see as `aws:PrincipalOrgID`.
  public void organization(String account, String organizationId) {
    provisioning.organization(account, organizationId);
  }

  /// Turns AWS's request quotas on or off. They are off at first.
  public void enforceQuotas(boolean on) {
    quotas.enforce(on);
  }

  /// Sets how late changes of key policies, aliases and grants are seen from now on, by the clock
  /// of the options. They are seen at once unless this says otherwise.
  public void consistencyDelay(Duration delay) {
    consistency.delay(delay);
  }

  /// Where KMS, STS and IAM answer calls that come from elsewhere. `vpce/vpce-0123abcd` stands for
  /// a VPC endpoint, `from/203.0.113.7` for a public address, and
  /// `via/s3.eu-central-1.amazonaws.com` for a service that calls in the caller's name; policies
  /// see them as `aws:SourceVpce`, `aws:SourceIp` and `kms:ViaService`.
  public URI endpoint(String place) {
    return URI.create(endpoint() + "/" + place);
  }

  /// The ARN of the AWS managed key of a service, which is created if necessary.
  public String awsManagedKey(String account, String region, String service) {
    return provisioning.awsManagedKey(account, region, service);
  }

  /// Stops at once; calls under way are dropped.
  @Override
  public void close() {
    server.stop(0);
    faults.clear();
    workers.shutdownNow();
    workers.close();
  }
}

package dev.keybroker.eks;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestIssuer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jose4j.jwk.PublicJsonWebKey;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.iam.IamClient;

/// What an EKS cluster gives to a pod of the broker's service account, with the local STS in AWS's
/// place: tokens in files, as the kubelet writes and replaces them, and a role that trusts the
/// cluster's issuer (IRSA) and EKS Pod Identity.
final class EksCluster {
  static final String SUBJECT = "system:serviceaccount:keybroker:keybroker";
  static final String POD_IDENTITY_AUDIENCE = "pods.eks.amazonaws.com";

  private static final String HOST = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53D";
  private static final String ISSUER = "https://" + HOST;
  private static final String STS_AUDIENCE = "sts.amazonaws.com";

  private final LocalKms aws;
  private final Path webIdentityToken;
  private final Path podIdentityToken;
  private final String role;
  private int rotations;
  private volatile PublicJsonWebKey key = TestIssuer.rsa("key-0");

  EksCluster(EmbeddedServices services, Path folder) throws IOException {
    this.aws = services.kms();
    Files.createDirectories(folder);
    this.webIdentityToken = folder.resolve("web-identity-token");
    this.podIdentityToken = folder.resolve("eks-pod-identity-token");
    register();
    this.role = allow("sts:AssumeRole", "sts:TagSession");
    publish();
  }

  /// The ARN of the broker's role, which has a path.
  String role() {
    return role;
  }

  /// Gives the role these permissions on the tenants' roles, and those on keys that it always has.
  ///
  /// @return the role's ARN
  final String allow(String... onTenantsRoles) {
    return aws.role(
        EmbeddedServices.BROKER_ACCOUNT,
        "service/keybroker",
        """
        {"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::%s:oidc-provider/%s"},
        "Action":"sts:AssumeRoleWithWebIdentity",
        "Condition":{"StringEquals":{"%s:sub":"%s","%s:aud":"%s"}}},
        {"Effect":"Allow","Principal":{"Service":"%s"},"Action":["sts:AssumeRole","sts:TagSession"]}]}\
        """
            .formatted(
                EmbeddedServices.BROKER_ACCOUNT,
                HOST,
                HOST,
                SUBJECT,
                HOST,
                STS_AUDIENCE,
                PodIdentityAgent.SERVICE),
        """
        {"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["%s"],"Resource":"arn:aws:iam::*:role/keybroker"},
        {"Effect":"Allow","Resource":"arn:aws:kms:*:*:key/*",
        "Action":["kms:GenerateDataKeyPairWithoutPlaintext","kms:Decrypt","kms:DescribeKey"]}]}\
        """
            .formatted(String.join("\",\"", onTenantsRoles)));
  }

  private void register() {
    LocalCredentials admin =
        aws.principal(EmbeddedServices.BROKER_ACCOUNT, "admin", LocalKms.ADMINISTRATOR_ACCESS);
    try (SdkHttpClient http = UrlConnectionHttpClient.create();
        IamClient iam =
            IamClient.builder()
                .endpointOverride(aws.endpoint())
                .httpClient(http)
                .region(Region.AWS_GLOBAL)
                .credentialsProvider(
                    StaticCredentialsProvider.create(
                        AwsBasicCredentials.create(admin.accessKeyId(), admin.secretAccessKey())))
                .build()) {
      iam.createOpenIDConnectProvider(r -> r.url(ISSUER).clientIDList(STS_AUDIENCE));
    }
  }

  /// Replaces the tokens. The issuer signs with a new key and withdraws the former one, so that
  /// AWS accepts no token of before.
  void rotateTokens() throws IOException {
    rotations++;
    key = TestIssuer.rsa("key-" + rotations);
    publish();
  }

  private void publish() throws IOException {
    TestAuthority.replace(webIdentityToken, token(STS_AUDIENCE));
    TestAuthority.replace(podIdentityToken, token(POD_IDENTITY_AUDIENCE));
    aws.issuerKeys(ISSUER, Map.of(key.getKeyId(), key.getPublicKey()));
  }

  private String token(String audience) {
    return TestIssuer.token(
        key,
        "RS256",
        SUBJECT,
        claims -> {
          claims.setIssuer(ISSUER);
          claims.setAudience(audience);
        });
  }

  /// The key that the issuer signs with now.
  PublicJsonWebKey key() {
    return key;
  }

  /// The variables that EKS adds to the pod of a service account with a role's annotation.
  ///
  /// @param sts the regional endpoint of STS
  Map<String, String> webIdentity(StsEndpoint sts) {
    return Map.of(
        "AWS_ROLE_ARN",
        role,
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        webIdentityToken.toString(),
        "AWS_STS_REGIONAL_ENDPOINTS",
        "regional",
        "AWS_REGION",
        EmbeddedServices.REGION,
        "AWS_ENDPOINT_URL_STS",
        sts.url().toString());
  }

  /// The variables that EKS adds to the pod of a service account with a Pod Identity association.
  Map<String, String> podIdentity(PodIdentityAgent agent) {
    return Map.of(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url().toString(),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", podIdentityToken.toString(),
        "AWS_REGION", EmbeddedServices.REGION);
  }
}

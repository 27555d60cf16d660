package dev.keybroker.embedded.kms;

import java.time.Instant;
import java.util.List;

/// An OIDC identity provider that an account has registered in IAM.
///
/// @param url the issuer without `https://`, as IAM shows it and as condition keys begin with it
/// @param clientIds the audiences whose tokens the account accepts
record OidcProvider(
    String arn, String url, List<String> clientIds, List<String> thumbprints, Instant created) {

  static final String SCHEME = "https://";

  OidcProvider {
    clientIds = List.copyOf(clientIds);
    thumbprints = List.copyOf(thumbprints);
  }

  /// The ARN of the provider of an issuer in an account.
  ///
  /// @param url without `https://`
  static String arn(String partition, String account, String url) {
    return Arns.iam(partition, account, "oidc-provider", "/", url);
  }
}

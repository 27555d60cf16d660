package dev.keybroker.kms;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Explains what to change in AWS if a KMS call fails or a key cannot be a root key.
public final class Hints {
  private Hints() {}

  /// What to change after a failed call.
  ///
  /// @param use what the call used
  /// @param ownPrincipal the result of [Kms#ownPrincipal()]; null if it is not known
  public static Hint of(KmsFailure failure, KeyUse use, @Nullable String ownPrincipal) {
    return of(failure, use, ownPrincipal, false);
  }

  /// What to change after a failed call.
  ///
  /// @param keyIsThere whether AWS has just described the key
  public static Hint of(
      KmsFailure failure, KeyUse use, @Nullable String ownPrincipal, boolean keyIsThere) {
    KmsKey key = use.key();
    return switch (failure.kind()) {
      case ACCESS_DENIED -> new AccessHints(failure, use, ownPrincipal, keyIsThere).hint();
      case KEY_DISABLED -> KeyHints.disabled(key.arn().toString());
      case KEY_PENDING_DELETION, KEY_UNAVAILABLE ->
          KeyHints.state(key.arn().toString(), KmsKeyState.in(failure.detail()));
      case KEY_NOT_FOUND -> KeyHints.missing(key.arn());
      case KEY_UNUSABLE -> unusable(failure, key.arn());
      case CIPHERTEXT_REFUSED -> ciphertext(failure, key);
      case THROTTLED -> throttled(failure, key);
      case TOO_MANY_CALLS -> tooManyCalls(failure, key.arn());
      case UNREACHABLE -> unreachable(failure, key.arn());
    };
  }

  /// Returns why no key with this ARN can be a root key, whatever KMS reports about it; empty if
  /// one can.
  ///
  /// Source: AWS KMS developer guide, "AWS managed keys": the prefix `alias/aws/` is reserved for
  /// them.
  public static Optional<Hint> unfit(KmsArn key) {
    return key.resource().startsWith("alias/aws/")
        ? Optional.of(KeyHints.awsManaged(key))
        : Optional.empty();
  }

  /// Returns the hint that the broker must not use keys in this ARN's region.
  public static Hint regionNotAllowed(KmsArn key, Collection<String> allowedRegions) {
    return KeyHints.regionNotAllowed(key, List.of(key.region()), allowedRegions);
  }

  /// Returns why a key that `kms:DescribeKey` describes cannot be a root key; empty if it can.
  ///
  /// @param allowedRegions the regions that the broker may use; empty means all
  public static Optional<Hint> unfit(KmsKeyDescription key, Collection<String> allowedRegions) {
    if (!allowedRegions.isEmpty() && key.regions().stream().noneMatch(allowedRegions::contains)) {
      return Optional.of(KeyHints.regionNotAllowed(key.keyArn(), key.regions(), allowedRegions));
    }
    if (!key.customerManaged()) {
      return Optional.of(KeyHints.awsManaged(key.keyArn()));
    }
    if (!key.usage().equals("ENCRYPT_DECRYPT") || !key.spec().equals("SYMMETRIC_DEFAULT")) {
      return Optional.of(KeyHints.asymmetric(key.keyArn(), key.usage() + " " + key.spec()));
    }
    return switch (key.state()) {
      case ENABLED -> Optional.empty();
      default -> Optional.of(KeyHints.state(key.keyArn().toString(), key.state()));
    };
  }

  private static Hint unusable(KmsFailure failure, KmsArn key) {
    if (failure.code().equals(KmsFailure.REGION_NOT_ALLOWED)) {
      return new Hint(HintTopic.REGION_NOT_ALLOWED, failure.detail());
    }
    String detail = failure.detail().toLowerCase(Locale.ROOT);
    if (detail.contains("origin is")
        || (failure.code().equals("UnsupportedOperationException")
            && detail.contains("custom key store"))) {
      return KeyHints.customKeyStore(key);
    }
    if (failure.code().equals("InvalidKeyUsageException")
        || failure.code().equals("UnsupportedOperationException")) {
      return KeyHints.asymmetric(key, failure.detail());
    }
    return new Hint(
        HintTopic.REQUEST_REFUSED,
        "AWS refuses "
            + failure.action()
            + " on "
            + key
            + " with "
            + failure.code()
            + ". Check that the ARN names a symmetric encryption key for which the broker may make"
            + " this call.");
  }

  private static Hint ciphertext(KmsFailure failure, KmsKey key) {
    if (failure.code().equals("IncorrectKeyException")) {
      return new Hint(
          HintTopic.WRONG_KEY,
          "The KEK is encrypted under another KMS key than "
              + key.arn()
              + ". After an alias was moved the former key is still needed for the KEKs made under"
              + " it: keep it enabled, and keep the broker in its policy.");
    }
    return new Hint(
        HintTopic.CIPHERTEXT,
        "KMS cannot decrypt the KEK under "
            + key.arn()
            + ". Either the encryption context is not the one it was made with, or the key's"
            + " material was imported anew with other bytes, or the stored ciphertext is damaged."
            + " Imported material must be the same bytes as before.");
  }

  private static Hint throttled(KmsFailure failure, KmsKey key) {
    return new Hint(
        HintTopic.THROTTLED,
        "AWS limits the rate of "
            + failure.action()
            + " in region "
            + key.arn().region()
            + "; the broker tries again. If it goes on, look at the request quotas of KMS in"
            + " Service Quotas. The quota is that of the account whose principal calls: "
            + (key.role() == null ? "the broker's." : "that of " + key.role().roleArn() + "."));
  }

  private static Hint tooManyCalls(KmsFailure failure, KmsArn key) {
    return new Hint(
        HintTopic.TOO_MANY_CALLS,
        "The broker has as many "
            + failure.action()
            + " under way for "
            + key
            + " as it allows one keystore. Nothing is wrong with the key; try again. If it goes on,"
            + " a longer private_kek_lifetime saves calls, or the broker's operator raises"
            + " keybroker.kms-guard.concurrency.");
  }

  private static Hint unreachable(KmsFailure failure, KmsArn key) {
    return switch (failure.code()) {
      case "CredentialsUnavailable", "ExpiredTokenException", "ExpiredToken", "RequestExpired" ->
          AccessHints.brokerCredentials(failure);
      case "KMSInvalidStateException", "KeyUnavailableException" ->
          KeyHints.keyStoreUnavailable(key.toString());
      case "UnknownHost" ->
          new Hint(
              HintTopic.UNREACHABLE,
              "The endpoint's name does not resolve. Check that "
                  + key.region()
                  + " in the key's ARN is the name of an AWS region; otherwise the broker's"
                  + " operator has to look at its DNS.");
      default ->
          new Hint(
              HintTopic.UNREACHABLE,
              "AWS gave no usable answer to "
                  + failure.action()
                  + " in region "
                  + key.region()
                  + " ("
                  + failure.code()
                  + "). Nothing is wrong with the key; the broker tries again. If it goes on, look"
                  + " at the AWS Health Dashboard, and at the broker's network and endpoints.");
    };
  }
}

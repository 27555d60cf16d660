package dev.keybroker.kms;

import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Hints on refused access. AWS reports "access denied" for many causes and distinguishes some of
/// them in its message. Otherwise the hint lists the likely causes in order.
final class AccessHints {
  private static final String CLOUD_TRAIL =
      " The CloudTrail event of this request id, in the key's account, shows the principal and the"
          + " encryption context that KMS saw.";

  private static final String RARER_CAUSES =
      " Rarer causes: a Deny statement of the key policy; a role or user that was deleted and"
          + " created again under its name, after which the policy shows the id of the former one"
          + " (AROA…, AIDA…) as its Principal: save the policy again with the ARN; a service"
          + " control policy of the broker's organisation; the policy of the VPC endpoint by which"
          + " the broker reaches KMS.";

  private static final String TAG_SESSION = "sts:TagSession";

  private final KmsFailure failure;
  private final KeyUse use;
  private final KmsKey key;
  private final KmsContext context;
  private final String broker;
  private final String message;
  private final String action;
  private final boolean keyExists;
  private final boolean hasWorked;

  AccessHints(
      KmsFailure failure,
      KeyUse use,
      @Nullable String ownPrincipal,
      boolean keyExists,
      boolean hasWorked) {
    this.failure = failure;
    this.use = use;
    this.key = use.key();
    this.context = use.context();
    this.broker = ownPrincipal == null ? "the broker" : PolicyPrincipal.of(ownPrincipal);
    this.message = failure.detail().toLowerCase(Locale.ROOT);
    this.keyExists = keyExists;
    this.hasWorked = hasWorked;
    this.action = action();
  }

  /// AssumeRole of a session with tags, and ReEncrypt, need two permissions. AWS names the missing
  /// one.
  private String action() {
    if (message.contains("sts:tagsession")) {
      return TAG_SESSION;
    }
    if (failure.action().equals(KmsAction.RE_ENCRYPT.action())) {
      return message.contains("kms:reencryptto") ? "kms:ReEncryptTo" : "kms:ReEncryptFrom";
    }
    return failure.action();
  }

  Hint hint() {
    return switch (failure.code()) {
      case "AccessDeniedException", "AccessDenied", "NotAuthorized" -> denied();
      case "InvalidGrantTokenException" -> GrantHints.token(use);
      case "ValidationError" -> roleSession();
      case "RegionDisabledException", "OptInRequired" -> stsRegion();
      default -> brokerCredentials(failure);
    };
  }

  static Hint brokerCredentials(KmsFailure failure) {
    return new Hint(
        HintTopic.BROKER_CREDENTIALS,
        "The broker's own AWS credentials are not accepted ("
            + failure.code()
            + "). The key needs no change: the broker's operator must check the broker's"
            + " credentials and clock.");
  }

  private Hint denied() {
    if (message.contains("explicit deny")
        || message.contains("service control policy")
        || message.contains("resource control policy")
        || message.contains("permissions boundary")
        || message.contains("vpc endpoint policy")
        || message.contains("session policy")) {
      return overridingPolicy();
    }
    if (key.grantId() != null && action.startsWith("kms:")) {
      return new GrantHints(use, broker, action).denied(keyExists, hasWorked);
    }
    boolean identity = message.contains("no identity-based policy");
    if (action.startsWith("sts:")) {
      if (identity) {
        return brokerPermissions();
      }
      return action.equals(TAG_SESSION) ? sessionTags() : trustPolicy();
    }
    if (identity) {
      return key.role() == null ? brokerPermissions() : rolePermissions();
    }
    return message.contains("does not exist") && !keyExists ? keyPolicyOrMissing() : keyPolicy();
  }

  /// The principal that calls KMS, as policies name it.
  private String principal() {
    return key.role() == null ? broker : key.role().roleArn();
  }

  private Hint keyPolicy() {
    return new Hint(
        HintTopic.KEY_POLICY,
        "The key policy of "
            + key.arn()
            + " does not allow "
            + action
            + " to "
            + principal()
            + ". "
            + causes()
            + CLOUD_TRAIL);
  }

  private Hint keyPolicyOrMissing() {
    return new Hint(
        HintTopic.KEY_POLICY_OR_KEY_MISSING,
        "The key "
            + key.arn()
            + " belongs to another account than "
            + principal()
            + ", so AWS does not report whether it exists. First check that it exists, as a"
            + " principal of account "
            + key.arn().account()
            + ": aws kms describe-key --key-id "
            + key.arn()
            + " --region "
            + key.arn().region()
            + ". If it exists, its key policy does not allow "
            + action
            + " to that principal. "
            + causes()
            + CLOUD_TRAIL);
  }

  /// DescribeKey carries no encryption context, so its answer separates a wrong principal from the
  /// other causes.
  private String causes() {
    String statement = "The likely causes in order: (1) the statement names another Principal; ";
    if (action.equals("kms:DescribeKey") || context.pairs().isEmpty()) {
      return statement
          + "(2) its Action lacks "
          + action
          + (action.equals("kms:DescribeKey")
              ? "; (3) it has a Condition on the encryption context, which kms:DescribeKey does not"
                  + " carry: allow it in a statement without one."
              : ".")
          + RARER_CAUSES;
    }
    return statement
        + "(2) its Action lacks "
        + action
        + "; (3) its Condition on the encryption context is not met: the broker sends "
        + contextConditions()
        + ". If kms:DescribeKey works, the Principal is right; if the other calls of the broker"
        + " work too, the Condition is met and the Action is missing."
        + RARER_CAUSES;
  }

  private String contextConditions() {
    return new TreeMap<>(context.pairs())
        .entrySet().stream()
            .map(pair -> "kms:EncryptionContext:" + pair.getKey() + " = " + pair.getValue())
            .collect(Collectors.joining(", "));
  }

  private Hint rolePermissions() {
    return new Hint(
        HintTopic.ROLE_PERMISSIONS,
        "The role "
            + principal()
            + " was assumed, but its permissions policy does not allow "
            + action
            + " on "
            + key.arn()
            + ". Add the Action and the key's own ARN as the Resource (an alias does not work)"
            + (action.equals("kms:DescribeKey")
                ? "."
                : "; if it has both, its Condition on the encryption context is not met: the broker"
                    + " sends "
                    + contextConditions()
                    + "."));
  }

  private Hint brokerPermissions() {
    return new Hint(
        HintTopic.BROKER_PERMISSIONS,
        "The broker's own principal "
            + broker
            + " has no identity-based policy that allows "
            + action
            + ". The tenant's account needs no change: the broker's operator must allow the"
            + " action.");
  }

  private Hint overridingPolicy() {
    return new Hint(
        HintTopic.OVERRIDING_POLICY,
        "A policy other than the usual ones denies "
            + action
            + " to "
            + (action.startsWith("sts:") ? broker : principal())
            + "; AWS's message names its kind. An explicit Deny overrides every Allow. A service or"
            + " resource control policy, a permissions boundary, a session policy and a VPC"
            + " endpoint policy must each allow the call, too.");
  }

  private Hint trustPolicy() {
    AssumedRole role = key.role();
    return new Hint(
        HintTopic.TRUST_POLICY,
        "The broker may not assume "
            + (role == null ? "the role" : role.roleArn())
            + ". The likely causes in order: (1) the role's trust policy lacks the Principal "
            + broker
            + " with the Action sts:AssumeRole; (2) its Condition on sts:ExternalId has another"
            + " value than this tenant's"
            + (role == null ? "" : ", " + role.externalId())
            + "; (3) the role does not exist, which STS does not report. aws iam get-role"
            + " --role-name, as a principal of the role's account, shows (3), and its"
            + " AssumeRolePolicyDocument shows (1) and (2). If all three are right, the broker's"
            + " operator must allow sts:AssumeRole on the role to the broker's principal.");
  }

  private Hint sessionTags() {
    String role = key.role() == null ? "the role" : key.role().roleArn();
    return new Hint(
        HintTopic.SESSION_TAGS,
        "The broker's credentials carry session tags, as those of EKS Pod Identity do, and pass"
            + " them on to its session of "
            + role
            + ". That needs sts:TagSession in addition to sts:AssumeRole. The likely causes in"
            + " order: (1) the role's trust policy lacks the Principal "
            + broker
            + " with the Action sts:TagSession: allow it in its own statement, without the"
            + " Condition on sts:ExternalId, which sts:TagSession does not have; (2) the broker's"
            + " operator has not allowed sts:TagSession on the role to that principal. The operator"
            + " can also turn the tags off: aws eks update-pod-identity-association"
            + " --disable-session-tags.");
  }

  private Hint roleSession() {
    return new Hint(
        HintTopic.ROLE_SESSION,
        "STS does not accept the request for a session of the role: "
            + failure.detail()
            + " Check the role ARN. STS also refuses a session that is longer than the role's"
            + " MaxSessionDuration: raise that, or ask the broker's operator to lower"
            + " keybroker.aws.role-session-duration.");
  }

  private Hint stsRegion() {
    return new Hint(
        HintTopic.STS_REGION,
        "The service is not active for the account in this region ("
            + failure.code()
            + "). Activate the region, and STS in it, in the account settings of IAM.");
  }
}

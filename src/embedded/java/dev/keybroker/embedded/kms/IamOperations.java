package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Access;
import dev.keybroker.policy.PolicyContext;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The part of IAM that key policies and trust policies need: users, access keys, roles, inline
/// policies, and identity providers.
final class IamOperations {

  static final String NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/";

  private final LocalState state;
  private final Identities identities;
  private final PolicyCheck check;
  private final PolicySimulation simulation;
  private final OidcOperations providers;

  IamOperations(LocalState state, Identities identities, OidcOperations providers) {
    this.providers = providers;
    this.state = state;
    this.identities = identities;
    this.simulation = new PolicySimulation(state);
    this.check = new PolicyCheck(state, IamErrors::malformedPolicy);
  }

  Map<String, QueryOperation> operations() {
    Map<String, QueryOperation> operations = new TreeMap<>();
    operations.put("CreateUser", this::createUser);
    operations.put("GetUser", this::getUser);
    operations.put("DeleteUser", this::deleteUser);
    operations.put("CreateAccessKey", this::createAccessKey);
    operations.put("DeleteAccessKey", this::deleteAccessKey);
    operations.put("PutUserPolicy", this::putUserPolicy);
    operations.put("DeleteUserPolicy", this::deleteUserPolicy);
    operations.put("CreateRole", this::createRole);
    operations.put("GetRole", this::getRole);
    operations.put("DeleteRole", this::deleteRole);
    operations.put("UpdateAssumeRolePolicy", this::updateAssumeRolePolicy);
    operations.put("PutRolePolicy", this::putRolePolicy);
    operations.put("GetRolePolicy", this::getRolePolicy);
    operations.put("DeleteRolePolicy", this::deleteRolePolicy);
    operations.put("ListRolePolicies", this::listRolePolicies);
    operations.put("ListAttachedRolePolicies", this::listAttachedRolePolicies);
    operations.put("TagRole", this::tagRole);
    operations.put("SimulatePrincipalPolicy", this::simulate);
    operations.putAll(providers.operations());
    return operations;
  }

  private Map<String, Object> createUser(QueryRequest request) {
    String arn = newArn(request, "user", "UserName");
    return Map.of("User", user(identities.createUser(arn, SessionTags.asked(request))));
  }

  private Map<String, Object> getUser(QueryRequest request) {
    return Map.of("User", user(identities.user(userArn(request))));
  }

  private Map<String, Object> deleteUser(QueryRequest request) {
    identities.deleteUser(userArn(request));
    return Map.of();
  }

  private Map<String, Object> createAccessKey(QueryRequest request) {
    String arn = userArn(request);
    identities.user(arn);
    LocalCredentials key = identities.createAccessKey(request.caller().account(), arn);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("UserName", request.required("UserName"));
    json.put("AccessKeyId", key.accessKeyId());
    json.put("Status", "Active");
    json.put("SecretAccessKey", key.secretAccessKey());
    return Map.of("AccessKey", json);
  }

  private Map<String, Object> deleteAccessKey(QueryRequest request) {
    identities.deleteAccessKey(userArn(request), request.required("AccessKeyId"));
    return Map.of();
  }

  private Map<String, Object> putUserPolicy(QueryRequest request) {
    String arn = userArn(request);
    String document = identityPolicy(request);
    identities.changeUser(arn, user -> user.withPolicy(request.required("PolicyName"), document));
    return Map.of();
  }

  private Map<String, Object> deleteUserPolicy(QueryRequest request) {
    String name = request.required("PolicyName");
    identities.changeUser(
        userArn(request),
        user -> {
          if (!user.policies().containsKey(name)) {
            throw IamErrors.missingPolicy("user", name);
          }
          return user.withoutPolicy(name);
        });
    return Map.of();
  }

  private Map<String, Object> createRole(QueryRequest request) {
    String arn = newArn(request, "role", "RoleName");
    ResourcePolicy trust = trustPolicy(request, "AssumeRolePolicyDocument");
    int seconds = request.number("MaxSessionDuration", 3_600);
    if (seconds < 3_600 || seconds > 43_200) {
      throw new AwsException(
          "ValidationError", "MaxSessionDuration must be from 3600 to 43200 seconds");
    }
    return Map.of(
        "Role", role(identities.createRole(arn, trust, seconds, SessionTags.asked(request))));
  }

  private Map<String, Object> getRole(QueryRequest request) {
    return Map.of("Role", role(identities.role(roleArn(request))));
  }

  private Map<String, Object> deleteRole(QueryRequest request) {
    identities.deleteRole(roleArn(request));
    return Map.of();
  }

  private Map<String, Object> updateAssumeRolePolicy(QueryRequest request) {
    String arn = roleArn(request);
    ResourcePolicy trust = trustPolicy(request, "PolicyDocument");
    identities.changeRole(arn, role -> role.withTrustPolicy(trust));
    return Map.of();
  }

  private Map<String, Object> putRolePolicy(QueryRequest request) {
    String arn = roleArn(request);
    String document = identityPolicy(request);
    identities.changeRole(arn, role -> role.withPolicy(request.required("PolicyName"), document));
    return Map.of();
  }

  private Map<String, Object> getRolePolicy(QueryRequest request) {
    Role role = identities.role(roleArn(request));
    String name = request.required("PolicyName");
    String document = role.policies().get(name);
    if (document == null) {
      throw IamErrors.missingPolicy("role", name);
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("RoleName", role.name());
    result.put("PolicyName", name);
    result.put("PolicyDocument", encode(document));
    return result;
  }

  private Map<String, Object> deleteRolePolicy(QueryRequest request) {
    String name = request.required("PolicyName");
    identities.changeRole(
        roleArn(request),
        role -> {
          if (!role.policies().containsKey(name)) {
            throw IamErrors.missingPolicy("role", name);
          }
          return role.withoutPolicy(name);
        });
    return Map.of();
  }

  private Map<String, Object> listRolePolicies(QueryRequest request) {
    Role role = identities.role(roleArn(request));
    return Map.of(
        "IsTruncated", "false", "PolicyNames", role.policies().keySet().stream().sorted().toList());
  }

  /// There are no managed policies here, so none is attached.
  private Map<String, Object> listAttachedRolePolicies(QueryRequest request) {
    identities.role(roleArn(request));
    return Map.of("IsTruncated", "false", "AttachedPolicies", List.of());
  }

  private Map<String, Object> tagRole(QueryRequest request) {
    Map<String, String> asked = SessionTags.asked(request);
    identities.changeRole(
        roleArn(request),
        role -> {
          Map<String, String> tags = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
          if (role.tags() != null) {
            tags.putAll(role.tags());
          }
          tags.putAll(asked);
          return role.withTags(tags);
        });
    return Map.of();
  }

  private Map<String, Object> simulate(QueryRequest request) {
    checked(request, request.required("PolicySourceArn"));
    return simulation.run(request);
  }

  /// The ARN of the entity to be made, if the caller may make it.
  private String newArn(QueryRequest request, String kind, String member) {
    String path = request.form().getOrDefault("Path", "/");
    if (!path.startsWith("/") || !path.endsWith("/")) {
      throw new AwsException("ValidationError", "The path must begin and end with /");
    }
    return checked(
        request,
        Arns.iam(
            Arns.partitionOf(request.region()),
            request.caller().account(),
            kind,
            path,
            request.required(member)));
  }

  private String userArn(QueryRequest request) {
    String name = request.required("UserName");
    return checked(request, find(state.users.keySet(), request, "user", name));
  }

  private String roleArn(QueryRequest request) {
    String name = request.required("RoleName");
    return checked(request, find(state.roles.keySet(), request, "role", name));
  }

  // The API names entities without their path; names are unique within an account.
  private static String find(
      Iterable<String> arns, QueryRequest request, String kind, String name) {
    String start =
        Arns.iam(Arns.partitionOf(request.region()), request.caller().account(), kind, "/", "");
    for (String arn : arns) {
      if (arn.startsWith(start) && arn.endsWith("/" + name)) {
        return arn;
      }
    }
    return start + name;
  }

  /// The resource, if the caller's policies let it call the operation there.
  static String checked(QueryRequest request, String arn) {
    String action = "iam:" + request.operation();
    PolicyContext context = PolicyContext.of(request.caller(), request.region());
    Access access = Access.byIdentity(request.caller(), action, arn, context);
    if (access != Access.ALLOWED) {
      throw new AwsException(
          "AccessDenied",
          403,
          "User: "
              + request.caller().arn()
              + " is not authorized to perform: "
              + action
              + " on resource: "
              + arn
              + access.reason(action));
    }
    return arn;
  }

  private ResourcePolicy trustPolicy(QueryRequest request, String member) {
    return check.trustPolicy(request.required(member));
  }

  private String identityPolicy(QueryRequest request) {
    String document = request.required("PolicyDocument");
    check.identityPolicy(document);
    return document;
  }

  private static Map<String, Object> user(User user) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("Path", path(user.arn()));
    json.put("UserName", user.arn().substring(user.arn().lastIndexOf('/') + 1));
    json.put("UserId", user.userId());
    json.put("Arn", user.arn());
    json.put("CreateDate", user.created().toString());
    return json;
  }

  private Map<String, Object> role(Role role) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("Path", path(role.arn()));
    json.put("RoleName", role.name());
    json.put("RoleId", role.roleId());
    json.put("Arn", role.arn());
    json.put("CreateDate", role.created().toString());
    json.put("AssumeRolePolicyDocument", encode(role.trustPolicy().shown(state.entityIds())));
    json.put("MaxSessionDuration", String.valueOf(role.maxSessionSeconds()));
    return json;
  }

  private static String path(String arn) {
    return arn.substring(arn.indexOf('/'), arn.lastIndexOf('/') + 1);
  }

  // IAM answers with policy documents URL-encoded (RFC 3986).
  private static String encode(String document) {
    return URLEncoder.encode(document, StandardCharsets.UTF_8).replace("+", "%20");
  }
}

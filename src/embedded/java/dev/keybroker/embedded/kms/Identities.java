package dev.keybroker.embedded.kms;

import java.time.InstantSource;
import java.util.Comparator;
import java.util.Map;
import java.util.function.UnaryOperator;

/// Makes and changes users, roles and access keys; callers have checked permissions and documents.
final class Identities {

  private static final int DEFAULT_MAX_SESSION_SECONDS = 3_600;

  private final LocalState state;
  private final InstantSource clock;

  Identities(LocalState state, InstantSource clock) {
    this.state = state;
    this.clock = clock;
  }

  /// @throws AwsException (EntityAlreadyExists) if the user exists
  User createUser(String arn, Map<String, String> tags) {
    User user = new User(arn, RandomBytes.id("AIDA"), clock.instant(), Map.of(), tags);
    return state.change(
        () -> {
          if (state.users.putIfAbsent(arn, user) != null) {
            throw IamErrors.exists("User", arn);
          }
          return user;
        });
  }

  /// @throws AwsException (EntityAlreadyExists) if the role exists
  Role createRole(
      String arn, ResourcePolicy trustPolicy, int maxSessionSeconds, Map<String, String> tags) {
    Role role =
        new Role(
            arn,
            RandomBytes.id("AROA"),
            clock.instant(),
            trustPolicy,
            maxSessionSeconds,
            Map.of(),
            tags);
    return state.change(
        () -> {
          if (state.roles.putIfAbsent(arn, role) != null) {
            throw IamErrors.exists("Role", arn);
          }
          return role;
        });
  }

  Role createRole(String arn, ResourcePolicy trustPolicy) {
    return createRole(arn, trustPolicy, DEFAULT_MAX_SESSION_SECONDS, Map.of());
  }

  /// @throws AwsException (NoSuchEntity) if there is no such user
  User user(String arn) {
    User user = state.users.get(arn);
    if (user == null) {
      throw IamErrors.missing("user", arn);
    }
    return user;
  }

  /// @throws AwsException (NoSuchEntity) if there is no such role
  Role role(String arn) {
    Role role = state.roles.get(arn);
    if (role == null) {
      throw IamErrors.missing("role", arn);
    }
    return role;
  }

  void changeUser(String arn, UnaryOperator<User> change) {
    state.change(() -> state.users.put(arn, change.apply(user(arn))));
  }

  void changeRole(String arn, UnaryOperator<Role> change) {
    state.change(() -> state.roles.put(arn, change.apply(role(arn))));
  }

  void deleteUser(String arn) {
    state.change(
        () -> {
          if (!user(arn).policies().isEmpty()) {
            throw IamErrors.conflict("Cannot delete entity, must delete policies first.");
          }
          if (state.accessKeys.values().stream().anyMatch(key -> key.arn().equals(arn))) {
            throw IamErrors.conflict("Cannot delete entity, must delete access keys first.");
          }
          return state.users.remove(arn);
        });
  }

  void deleteRole(String arn) {
    state.change(
        () -> {
          if (!role(arn).policies().isEmpty()) {
            throw IamErrors.conflict("Cannot delete entity, must delete policies first.");
          }
          return state.roles.remove(arn);
        });
  }

  /// A new access key of the user or root `arn`.
  LocalCredentials createAccessKey(String account, String arn) {
    LocalCredentials key =
        new LocalCredentials(account, arn, RandomBytes.id("AKIA"), RandomBytes.hex(20));
    return state.change(
        () -> {
          state.accessKeys.put(key.accessKeyId(), key);
          return key;
        });
  }

  void deleteAccessKey(String arn, String accessKeyId) {
    state.change(
        () -> {
          LocalCredentials key = state.accessKeys.get(accessKeyId);
          if (key == null || !key.arn().equals(arn)) {
            throw new AwsException(
                "NoSuchEntity", 404, "The Access Key with id " + accessKeyId + " cannot be found.");
          }
          return state.accessKeys.remove(accessKeyId);
        });
  }

  /// The first access key of `arn`, made if there is none: the same one at each call.
  LocalCredentials accessKey(String account, String arn) {
    return state.change(
        () ->
            state.accessKeys.values().stream()
                .filter(key -> key.arn().equals(arn))
                .min(Comparator.comparing(LocalCredentials::accessKeyId))
                .orElseGet(() -> createAccessKey(account, arn)));
  }
}

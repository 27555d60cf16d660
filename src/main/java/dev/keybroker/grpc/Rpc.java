package dev.keybroker.grpc;

import static dev.keybroker.access.Permission.AUDIT_VIEW;
import static dev.keybroker.access.Permission.DEK_EXPORT;
import static dev.keybroker.access.Permission.DEK_REWRAP;
import static dev.keybroker.access.Permission.DEK_UNWRAP;
import static dev.keybroker.access.Permission.DEK_WRAP;
import static dev.keybroker.access.Permission.KEK_PUBLIC;
import static dev.keybroker.access.Permission.KEYSTORE_EDIT;
import static dev.keybroker.access.Permission.KEYSTORE_VIEW;

import dev.keybroker.access.Permission;
import dev.keybroker.access.Target;
import io.grpc.MethodDescriptor;
import org.jspecify.annotations.Nullable;

/// All rpcs, with the permission that each needs on the resource that it names. An item of a batch
/// needs the same permission as the single rpc.
enum Rpc {
  WRAP_DEK("WrapDek", DEK_WRAP),
  UNWRAP_DEK("UnwrapDek", DEK_UNWRAP),
  REWRAP_DEK("RewrapDek", DEK_REWRAP),
  /// A RewrapDek with a recipient, which needs its own permission.
  EXPORT_DEK("RewrapDek", DEK_EXPORT),
  BATCH_WRAP_DEKS("BatchWrapDeks", DEK_WRAP),
  BATCH_UNWRAP_DEKS("BatchUnwrapDeks", DEK_UNWRAP),
  BATCH_REWRAP_DEKS("BatchRewrapDeks", DEK_REWRAP),
  REWRAP_DEKS("RewrapDeks", DEK_REWRAP),
  GET_PUBLIC_KEK("GetPublicKek", KEK_PUBLIC),
  CREATE_KEYSTORE("CreateKeystore", KEYSTORE_EDIT),
  GET_KEYSTORE("GetKeystore", KEYSTORE_VIEW),
  LIST_TENANTS("ListTenants", KEYSTORE_VIEW),
  LIST_KEYSTORES("ListKeystores", KEYSTORE_VIEW),
  UPDATE_KEYSTORE("UpdateKeystore", KEYSTORE_EDIT),
  DELETE_KEYSTORE("DeleteKeystore", KEYSTORE_EDIT),
  RESTORE_KEYSTORE("RestoreKeystore", KEYSTORE_EDIT),
  GET_ROOT_KEY_USAGE("GetRootKeyUsage", KEYSTORE_VIEW),
  GET_KEYSTORE_USAGE("GetKeystoreUsage", KEYSTORE_VIEW),
  CHECK_PIPELINE("CheckPipeline", KEYSTORE_VIEW),
  TEST_KEYSTORE("TestKeystore", KEYSTORE_EDIT),
  ROTATE_KEK("RotateKek", KEYSTORE_EDIT),
  RE_ENCRYPT_KEKS("ReEncryptKeks", KEYSTORE_EDIT),
  GET_ONBOARDING("GetOnboarding", KEYSTORE_VIEW),
  LIST_KEKS("ListKeks", KEYSTORE_VIEW),
  GET_KEK("GetKek", KEYSTORE_VIEW),
  DISABLE_KEK("DisableKek", KEYSTORE_EDIT),
  ENABLE_KEK("EnableKek", KEYSTORE_EDIT),
  SCHEDULE_KEK_DESTRUCTION("ScheduleKekDestruction", KEYSTORE_EDIT),
  RESTORE_KEK("RestoreKek", KEYSTORE_EDIT),
  LIST_AUDIT_EVENTS("ListAuditEvents", AUDIT_VIEW),
  GET_AUDIT_VERIFICATION("GetAuditVerification", AUDIT_VIEW);

  private final String rpcName;
  private final Permission permission;

  Rpc(String rpcName, Permission permission) {
    this.rpcName = rpcName;
    this.permission = permission;
  }

  /// Returns the rpc of a method; null for a method of another contract, such as health.
  static @Nullable Rpc of(MethodDescriptor<?, ?> method) {
    if (String.valueOf(method.getServiceName()).startsWith("keybroker.v1.")) {
      for (Rpc rpc : values()) {
        if (rpc.rpcName.equals(method.getBareMethodName())) {
          return rpc;
        }
      }
    }
    return null;
  }

  /// Its name in the contract, e.g. `WrapDek`.
  String rpcName() {
    return rpcName;
  }

  /// Whether the rpc changes what the broker stores. If so, its intent is recorded first, and its
  /// effect stays even if its answer is withheld.
  boolean changes() {
    return permission == KEYSTORE_EDIT && this != TEST_KEYSTORE;
  }

  Permission permission() {
    return permission;
  }

  /// Returns the resource on which a call about this target needs the permission. For a keystore
  /// that is about to be created, this is the tenant.
  Target asksOn(Target target) {
    return this == CREATE_KEYSTORE ? new Target(target.tenant(), null) : target;
  }
}

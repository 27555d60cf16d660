package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The KMS API: finds the operation that a request names, and calls it.
final class KmsService {

  private final Map<String, KmsAction> operations = new HashMap<>();
  private final LocalState state;
  private final RequestQuotas quotas;
  private final KeyOperations keys;
  private final KeyFinder finder;
  private final Materials materials;

  KmsService(LocalState state, RequestQuotas quotas, InstantSource clock) {
    finder = new KeyFinder(state, clock);
    materials = new Materials(state, clock);
    this.state = state;
    this.quotas = quotas;
    KmsAccess access = new KmsAccess(state);
    keys = new KeyOperations(state, finder, access, materials, clock);
    keys.register(operations);
    new CryptoOperations(finder, access, materials).register(operations);
    new DataKeyOperations(finder, access, materials).register(operations);
    new PolicyOperations(state, finder, access).register(operations);
    new KeyStateOperations(state, finder, access, clock).register(operations);
    new AliasOperations(state, finder, access, clock).register(operations);
    new GrantOperations(state, finder, access, clock).register(operations);
    new RotationOperations(state, finder, access, materials, clock).register(operations);
    new ImportOperations(state, finder, access, materials, clock).register(operations);
    new KeyStoreOperations(state, access).register(operations);
    new RandomOperations(access).register(operations);
  }

  ObjectNode call(KmsRequest request) {
    KmsAction operation = operations.get(request.operation());
    if (operation == null) {
      throw new AwsException("UnknownOperationException", "");
    }
    if (!quotas.take(request.caller(), request.region(), QuotaTable.quota(request))) {
      throw KmsErrors.throttled();
    }
    checkTokens(request);
    return operation.call(request);
  }

  private void checkTokens(KmsRequest request) {
    for (String token : request.texts("GrantTokens")) {
      if (state.grants.values().stream()
          .flatMap(List::stream)
          .noneMatch(grant -> grant.token().equals(token))) {
        throw new AwsException("InvalidGrantTokenException", "Invalid grant token");
      }
    }
  }

  KeyOperations keys() {
    return keys;
  }

  KeyTarget target() {
    return new KeyTarget(finder, materials);
  }
}

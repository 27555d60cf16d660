package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/// ConnectCustomKeyStore and DisconnectCustomKeyStore. A custom key store exists as soon as a key
/// names it. The keys of a store that is not connected are unavailable.
final class KeyStoreOperations {

  private final LocalState state;
  private final KmsAccess access;

  KeyStoreOperations(LocalState state, KmsAccess access) {
    this.state = state;
    this.access = access;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put(
        "ConnectCustomKeyStore",
        request -> change(request, KeyState.UNAVAILABLE, KeyState.ENABLED));
    operations.put(
        "DisconnectCustomKeyStore",
        request -> change(request, KeyState.ENABLED, KeyState.UNAVAILABLE));
  }

  private ObjectNode change(KmsRequest request, KeyState from, KeyState to) {
    String store = request.required("CustomKeyStoreId");
    access.checkIdentity(request, "*");
    boolean known =
        state.change(
            () -> {
              boolean found = false;
              for (KmsKey key : state.keys.values()) {
                if (isIn(store, request, key)) {
                  found = true;
                  if (key.state() == from) {
                    state.keys.put(key.arn(), key.with(to, null, null));
                  }
                }
              }
              return found;
            });
    if (!known) {
      throw new AwsException("CustomKeyStoreNotFoundException", store);
    }
    return Json.object();
  }

  private static boolean isIn(String store, KmsRequest request, KmsKey key) {
    return store.equals(key.attributes().customKeyStoreId())
        && key.account().equals(request.caller().account())
        && key.region().equals(request.region());
  }
}

package dev.keybroker.faults.histories;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import java.util.Map;
import java.util.Set;

/// Why a call, or an item of a batch, has no answer.
///
/// @param reason of the broker; empty where the client's own library says it
record Refusal(String code, String reason, Map<String, String> metadata) {
  /// After these, what was asked for may have been done.
  private static final Set<String> OPEN =
      Set.of("", "AUDIT_UNAVAILABLE", "STORE_UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL");

  static Refusal of(Status status) {
    Code known = Code.forNumber(status.getCode());
    String code = known == null ? Integer.toString(status.getCode()) : known.name();
    for (Any detail : status.getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        try {
          ErrorInfo info = detail.unpack(ErrorInfo.class);
          return new Refusal(code, info.getReason(), info.getMetadataMap());
        } catch (InvalidProtocolBufferException e) {
          throw new IllegalStateException(e);
        }
      }
    }
    return new Refusal(code, "", Map.of());
  }

  boolean isOfTheBroker() {
    return !reason.isEmpty();
  }

  /// Whether it leaves open what was done.
  boolean leavesOpen() {
    return OPEN.contains(reason);
  }

  /// The reason, or the code of the client's library.
  String name() {
    return isOfTheBroker() ? reason : code;
  }
}

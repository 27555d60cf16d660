package dev.keybroker.cli;

import dev.keybroker.client.KeyBrokerException;
import dev.keybroker.client.RecordingException;

/** Why the command ended, as the numbers that a script sees. */
final class ExitCode {
  static final int DONE = 0;
  static final int RECORDING_REFUSED = 1;
  static final int USAGE = 2;
  static final int CALL_REFUSED = 3;
  static final int BROKER_AWAY = 4;
  static final int FILE_ERROR = 5;

  private ExitCode() {}

  static int of(Exception failure) {
    if (failure instanceof RecordingException) {
      return RECORDING_REFUSED;
    }
    if (failure instanceof KeyBrokerException refused) {
      return refused.isRetryable() ? BROKER_AWAY : CALL_REFUSED;
    }
    return failure instanceof IllegalArgumentException ? USAGE : FILE_ERROR;
  }
}

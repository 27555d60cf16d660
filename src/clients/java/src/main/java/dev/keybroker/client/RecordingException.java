package dev.keybroker.client;

import java.io.IOException;

/** The reason why a file is not read as a recording. */
public final class RecordingException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** The reasons of the specification. */
  public enum Reason {
    /** The file is not a recording container, or its header is damaged. */
    FORMAT("the file is not a recording container, or its header is damaged"),
    /** The file has a later version of the format than this library. */
    VERSION("the recording container has a version that this library does not know"),
    /**
     * The encryption context is not the one of the recording, or the header hides it and none was
     * given.
     */
    CONTEXT(
        "the encryption context is not the one of this recording, or is hidden and was not given"),
    /** The DEK is not the one of the recording. */
    KEY("the DEK is not the one of this recording"),
    /** Header or body were changed, or the file is incomplete. */
    BODY(
        "the recording was changed, or is incomplete (a recorder that crashed leaves such a file:"
            + " recover it)");

    private final String text;

    Reason(String text) {
      this.text = text;
    }
  }

  RecordingException(Reason reason) {
    super(reason.text);
    this.reason = reason;
  }

  /** Why the file was refused. */
  public Reason reason() {
    return reason;
  }
}

package dev.keybroker.kms;

/// A grant that KMS has created.
///
/// @param token lets its bearer use the grant before KMS has spread it
public record CreatedGrant(String id, String token) {
  /// Leaves out the token.
  @Override
  public String toString() {
    return "grant " + id;
  }
}

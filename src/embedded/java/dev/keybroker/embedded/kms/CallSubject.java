package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Arn;
import dev.keybroker.policy.Requester;

/// What a call is about, as fault rules and call counts see it.
///
/// @param region the region whose endpoint is called
/// @param account the account that owns the resource; the caller's if there is none
/// @param resource the ARN of the key or role; empty if there is none
/// @param caller the caller's ARN
record CallSubject(
    String operation, String region, String account, String resource, String caller) {

  static CallSubject of(String operation, String region, Requester caller, String resource) {
    Arn arn = Arn.parse(resource);
    return new CallSubject(
        operation, region, arn == null ? caller.account() : arn.account(), resource, caller.arn());
  }
}

package dev.keybroker.console;

import io.quarkus.qute.i18n.Message;
import io.quarkus.qute.i18n.MessageBundle;

/// The texts of the pages, in English. `messages/msg_ja.properties` has them in Japanese. Texts of
/// the API (refusals, hints) and of AWS stay as they are.
@MessageBundle
public interface Texts {
  @Message("keybroker console")
  String console();

  @Message("Skip to the content")
  String skip();

  @Message("Keystores")
  String keystores();

  @Message("Audit")
  String audit();

  @Message("Root keys")
  String rootKeys();

  @Message("New keystore")
  String newKeystore();

  @Message("Signed in as")
  String signedInAs();

  @Message("Sign out")
  String signOut();

  @Message("You have signed out.")
  String signedOut();

  @Message("Sign in again")
  String signInAgain();

  @Message("Your session has ended.")
  String sessionEnded();

  @Message("A form that you have just sent has changed nothing.")
  String sessionEndedEffect();

  @Message("Tenant")
  String tenant();

  @Message("Tenants that you may view")
  String tenants();

  @Message("Open")
  String open();

  @Message("Enter the id of a tenant: 1 to 63 of a-z, 0-9 and -.")
  String tenantHelp();

  @Message("The equivalent call of the API")
  String apiCall();

  @Message("Copy")
  String copy();

  @Message("The request was refused")
  String refused();

  @Message(
      "You have no permission for this page. Ask the operator of the broker to add your identity to"
          + " the access file: ")
  String askFor();

  @Message("State")
  String state();

  @Message("Keystore")
  String keystore();

  @Message("Root key")
  String rootKey();

  @Message("Active KEK")
  String activeKek();

  @Message("Next change")
  String nextChange();

  @Message("During an outage of KMS")
  String onOutage();

  @Message("by hand only")
  String byHand();

  @Message("none yet")
  String none();

  @Message("This tenant has no keystores yet.")
  String noKeystores();

  @Message("No keystores match.")
  String noMatch();

  @Message("in use")
  String inUse();

  @Message("Id starts with")
  String idStart();

  @Message("The active KEK is encrypted by")
  String encryptedBy();

  @Message("Next page")
  String nextPage();

  @Message("First page")
  String firstPage();

  @Message("the operator's key")
  String operatorsKey();

  @Message("{#if failClosed}wraps stop{#else}wraps continue with the last known KEK{/if}")
  String outage(boolean failClosed);

  @Message(
      "{#switch light}{#case 'ok'}working{#case 'failing'}root key fails{#case}to be"
          + " deleted{/switch}")
  String light(String light);

  @Message(
      "{#switch way}{#case 'policy'}by key policy{#case 'role'}by role{#case 'grant'}by grant{#case"
          + " 'create-grant'}by a grant that the broker creates as your role{#case}managed by the"
          + " operator{/switch}")
  String way(String way);

  @Message("Last error")
  String lastError();

  @Message("What to do")
  String hint();

  @Message("AWS answered")
  String awsAnswered();

  @Message("AWS request id")
  String requestId();

  @Message("Time")
  String time();

  @Message("Recent key pair history")
  String history();

  @Message("Key pair")
  String keyPair();

  @Message("Key pair type")
  String spec();

  @Message("SHA-256 of the public key")
  String fingerprint();

  @Message("Made")
  String made();

  @Message("Retired")
  String retired();

  @Message("To be destroyed")
  String toBeDestroyed();

  @Message("Change period")
  String period();

  @Message("Created")
  String created();

  @Message("{days} days ago")
  String daysAgo(long days);

  @Message(
      "{#if days > 0}{days} d {hours} h left{#else if hours > 0}{hours} h left{#else}less than an"
          + " hour left{/if}")
  String timeLeft(long days, long hours);

  @Message("If you withdraw the key")
  String withdrawal();

  @Message(
      "If you disable the KMS key or remove the permission, playback ends within {seconds} s."
          + " It comes back by itself when you enable the key again.")
  String withdrawalEffect(long seconds);

  @Message("The root key has failed since:")
  String failingSince();

  @Message("The root key failed last at:")
  String lastFailure();

  @Message("{#if count == 1}1 unwrap was{#else}{count} unwraps were{/if} refused.")
  String refusedUnwraps(long count);

  @Message("The first at:")
  String refusedSince();

  @Message("The last at:")
  String refusedLast();

  @Message("No unwrap has been refused.")
  String noRefusedUnwraps();

  @Message(
      "How many unwraps were refused is not known: the audit trail does not record them, has too"
          + " many of them, or cannot be read.")
  String refusedUnknown();

  @Message("To be deleted")
  String toBeDeleted();

  @Message(
      "Until then the keystore neither wraps nor unwraps, and you can cancel the deletion."
          + " Afterwards everything that is wrapped in it is lost permanently.")
  String deletionEffect();

  @Message("Re-encryption of the KEKs")
  String reEncryption();

  @Message(
      "{#switch state}{#case 'IN_PROGRESS'}In progress:{#case"
          + " 'COMPLETED'}Completed:{#case}Failed:{/switch}")
  String reEncryptionState(String state);

  @Message("{done} of {total} KEKs moved{#if failed > 0}, {failed} failed{/if}")
  String reEncryptionCount(int done, int total, int failed);

  @Message("New root key")
  String newRootKey();

  @Message("Started")
  String started();

  @Message("Ended")
  String ended();

  @Message(
      "This keystore no longer needs these root keys. Before you disable one, check whether other"
          + " keystores need it.")
  String released();

  @Message(
      "The KEKs that could not be moved still unwrap under their former root key. Fix the cause,"
          + " then go on: what is done stays done.")
  String reEncryptionFailed();

  @Message("Go on")
  String goOn();

  @Message("What still needs it")
  String whatNeedsIt();

  @Message(
      "{#switch use}{#case 'idle'}none in 90 days{#case}not known: the audit trail does not record"
          + " unwraps, has too many, or cannot be read{/switch}")
  String useOf(String use);

  @Message("{count} KEKs in total")
  String keksInTotal(int count);

  @Message(
      "{#if change == 'destroy'}This KEK was used in the last 90 days, or its use is not"
          + " known.{#else}The keystore has KEKs that are not destroyed. All of them would"
          + " be destroyed after 30 days.{/if}")
  String stillNeeded(String change);

  @Message("I understand that everything that is still wrapped under it will be lost permanently.")
  String confirmLoss();

  @Message("Change Key Now")
  String changeNow();

  @Message("Change the settings of")
  String edit();

  @Message("Cancel")
  String cancel();

  @Message("Save")
  String save();

  @Message("Test")
  String test();

  @Message("Show the documents")
  String showDocuments();

  @Message("Save tests this configuration first. If a step fails, nothing is saved.")
  String saveHelp();

  @Message("Id")
  String keystoreId();

  @Message("1 to 63 of a-z, 0-9 and -. It cannot be changed later.")
  String keystoreIdHelp();

  @Message("Name for people")
  String displayName();

  @Message("How the broker gets access to the KMS key")
  String access();

  @Message("Key ARN or alias ARN")
  String keyArn();

  @Message("Warnings")
  String warnings();

  @Message("Also move the old KEKs to this key")
  String reEncryptKeks();

  @Message("ARN of the role, for access by role or to create the grant")
  String roleArn();

  @Message("Id of the grant, for access by grant")
  String grantId();

  @Message("Token of the grant, in the first five minutes")
  String grantToken();

  @Message("The key is in a custom key store (CloudHSM or external)")
  String customKeyStore();

  @Message("Seconds until a withdrawal ends playback")
  String lifetime();

  @Message("The test passed")
  String testPassed();

  @Message("The test failed")
  String testFailed();

  @Message("Passed:")
  String passed();

  @Message("Failed:")
  String failed();

  @Message("To enter in AWS")
  String documents();

  @Message("The broker's principal")
  String brokerPrincipal();

  @Message("External id of the tenant")
  String externalId();

  @Message("Statements for the key's policy")
  String keyPolicy();

  @Message("Trust policy of the role")
  String trustPolicy();

  @Message("Permissions policy of the role")
  String permissionsPolicy();

  @Message("Command that creates the grant")
  String grantCommand();

  @Message("Permission to create the grant")
  String grantPolicy();

  @Message("Commands that check the setup")
  String tenantCommands();

  @Message("For the broker's operator: the broker's own policy")
  String brokerPolicy();

  @Message("For the broker's operator: commands that check the setup")
  String brokerCommands();

  @Message("Days until the private key is erased, 7 to 30")
  String waitingDays();

  @Message("This tenant uses no KMS keys.")
  String noRootKeys();

  @Message("Safe to disable")
  String safeToDisable();

  @Message("Still needed")
  String notSafeToDisable();

  @Message("Wraps in 30 days")
  String wraps30d();

  @Message("Unwraps in 30 days")
  String unwraps30d();

  @Message("Last unwrap")
  String lastDecrypt();

  @Message("Requests to KMS by this broker process")
  String kmsRequests();

  @Message("{symmetric}, and {rsa} for RSA key pairs, {ecc} for ECC key pairs, since")
  String kmsRequestsMade(long symmetric, long rsa, long ecc);

  @Message("Estimated cost")
  String kmsCost();

  @Message("{perDay} requests a day, USD {perMonth} in 30 days")
  String kmsCostOf(String perDay, String perMonth);

  @Message("Not yet: this broker process has counted for less than an hour.")
  String kmsCostUnknown();

  @Message(
      "The estimate is for this broker process alone; a deployment has several. It uses the prices"
          + " of AWS in us-east-1 for 10,000 requests, as of 2026: USD 0.03, for RSA key pairs USD"
          + " 12.00, for ECC key pairs USD 0.10. Free requests and the monthly price of a key are"
          + " not included. AWS charges the account whose principal makes the request: the"
          + " broker's, or yours for access by role. Current prices:")
  String kmsCostNote();

  @Message("From (UTC)")
  String from();

  @Message("Until (UTC)")
  String until();

  @Message("Caller")
  String caller();

  @Message("Outcome")
  String outcome();

  @Message("Any")
  String any();

  @Message("SHA-256 of the encryption context")
  String contextDigest();

  @Message("Find events by their encryption context")
  String findContext();

  @Message("Pairs, one in each line: key=value")
  String contextPairs();

  @Message(
      "A whole context is found by its SHA-256. Single pairs are found only if the deployment"
          + " records the values of their keys. What you enter appears on no page and in no"
          + " address.")
  String contextHelp();

  @Message("This is the whole context")
  String wholeContext();

  @Message("Events with this context")
  String sameContext();

  @Message("This page does not show the values of encryption contexts.")
  String valuesHidden();

  @Message("More events match. Enter a shorter time.")
  String moreEvents();

  @Message("Verification of the hash chains")
  String verification();

  @Message(
      "{#switch state}{#case 'passed'}All chains verified{#case 'broken'}{broken} chains are"
          + " broken{#case 'none'}There is no result on record{#case}The last result cannot be read"
          + " at the moment{/switch}")
  String verified(String state, long broken);

  @Message("{chains} chains with {records} records of the whole deployment.")
  String verifiedCounts(long chains, long records);

  @Message("Other chains were left out.")
  String verifiedInPart();

  @Message("The record of this result is not authenticated by the broker's MAC key.")
  String verifiedWithoutMac();

  @Message("The broker's operator verifies the chains and records the result by the command")
  String verifyHelp();

  @Message("Search")
  String search();

  @Message("Export as JSON lines")
  String export();

  @Message("Call")
  String call();

  @Message("Record")
  String record();

  @Message("No events match.")
  String noEvents();

  @Message("Actions")
  String actions();

  @Message(
      "{#switch change}{#case 'rotate'}Change Key Now{#case 'disable'}Disable the"
          + " KEK{#case 'enable'}Enable the KEK{#case 'restore'}Cancel the"
          + " destruction{#case 're-encrypt'}Move all KEKs to the root key{#case"
          + " 'restore-keystore'}Cancel the deletion{#case 'delete'}Delete the"
          + " keystore{#case}Schedule the destruction of the KEK{/switch}")
  String question(String change);

  @Message(
      "{#switch change}{#case 'rotate'}A new KEK becomes active. The current one is retired and"
          + " continues to unwrap.{#case 'disable'}Nothing that is wrapped under the KEK can be"
          + " unwrapped until you enable it again.{#case 'enable'}The KEK unwraps again.{#case"
          + " 'restore'}The KEK is disabled. Enable it to unwrap again.{#case 're-encrypt'}The"
          + " private keys of all KEKs move to the keystore's root key. No recording and no DEK"
          + " changes, and wraps and unwraps continue.{#case 'restore-keystore'}Each KEK returns to"
          + " the state that it had before the deletion.{#case 'delete'}For 30 days the keystore"
          + " neither wraps nor unwraps, and you can cancel the deletion. Then all its private keys"
          + " are erased, and everything that is wrapped in it is lost permanently.{#case}After the"
          + " waiting period the private key is erased, and everything that is still wrapped under"
          + " it is lost permanently. Until then you can cancel.{/switch}")
  String effect(String change);

  @Message(
      "{#switch period}{#case 'NEVER'}by hand only{#case 'DAILY'}every day{#case"
          + " 'WEEKLY'}every week{#case 'MONTHLY'}every month{#case}every year{/switch}")
  String periodOf(String period);

  @Message("Pipeline")
  String pipeline();

  @Message("Check the pipeline from Amazon Connect to the bucket")
  String checkPipeline();

  @Message("Check")
  String check();

  @Message("ARN of the Amazon Connect instance")
  String connectInstance();

  @Message("ARN of the role that writes into the stream, if it is not Amazon Connect")
  String producerRole();

  @Message("ARN of the stream")
  String streamArn();

  @Message("ARN of its KMS key")
  String streamKey();

  @Message("ARN of the role of Firehose")
  String firehoseRole();

  @Message("ARN of the bucket")
  String bucketArn();

  @Message("ARN of its KMS key")
  String bucketKey();

  @Message("Policy of the key (JSON)")
  String policyOfKey();

  @Message("Policies of the role (JSON, a line --- between them)")
  String policiesOfRole();

  @Message("How the names of objects begin")
  String objectPrefix();

  @Message("The bucket has an S3 Bucket Key")
  String bucketKeyEnabled();

  @Message("The check found nothing.")
  String noFindings();

  @Message("Findings")
  String findings();

  @Message("Add to the policy of")
  String addTo();
}

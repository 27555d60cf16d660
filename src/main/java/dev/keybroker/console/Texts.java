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
      "{#switch way}{#case 'policy'}by key policy{#case 'role'}by role{#case 'grant'}by"
          + " grant{#case}managed by the operator{/switch}")
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

  @Message("{days} days left")
  String daysLeft(long days);

  @Message("If you withdraw the key")
  String withdrawal();

  @Message(
      "If you disable the KMS key or remove the permission, playback ends within {seconds} s."
          + " It comes back by itself when you enable the key again.")
  String withdrawalEffect(long seconds);

  @Message("The root key failed last at:")
  String lastFailure();

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

  @Message("ARN of the role, for access by role")
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

  @Message("Also if something was opened with it in the last 90 days")
  String force();

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

  @Message("Key of a context pair")
  String contextKey();

  @Message("Its value")
  String contextValue();

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
          + " destruction{#case}Schedule the destruction of the KEK{/switch}")
  String question(String change);

  @Message(
      "{#switch change}{#case 'rotate'}A new KEK becomes active. The current one is"
          + " retired and continues to unwrap.{#case 'disable'}Nothing that is wrapped under"
          + " the KEK can be unwrapped until you enable it again.{#case 'enable'}The KEK"
          + " unwraps again.{#case 'restore'}The KEK is disabled. Enable it to unwrap"
          + " again.{#case}After the waiting period the private key is erased, and"
          + " everything that is still wrapped under it is lost permanently. Until then you"
          + " can cancel.{/switch}")
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

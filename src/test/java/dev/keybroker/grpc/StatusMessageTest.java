package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import build.buf.validate.FieldRules;
import build.buf.validate.ValidateProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import dev.keybroker.v1.Audit;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.Broker;
import dev.keybroker.v1.BrokerManagedKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetKekRequest;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresOuterClass;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekRequest;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What a person reads who sees the line of the status alone, as with `buf curl` and `grpcurl`.
class StatusMessageTest {
  private static final String KEYSTORE = "tenants/acme/keystores/calls";
  private static final String KEK = KEYSTORE + "/keks/0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11";
  private static final String KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:alias/recordings";
  private static final String IDS =
      "each id 1 to 63 of `a-z`, `0-9` and `-`, not beginning with `-`.";
  private static final String MUST_BE_KEYSTORE =
      "; must be `tenants/{tenant}/keystores/{keystore}`, " + IDS;
  private static final String MUST_BE_KEY =
      "; must be a key ARN or alias ARN, `arn:aws:kms:{region}:{account}:key/{id}` or"
          + " `arn:aws:kms:{region}:{account}:alias/{name}`.";
  private static final String MUST_BE_ROLE =
      "; must be the ARN of a role, `arn:aws:iam::{account}:role/{name}`.";
  private static final WrapDekRequest WRAP =
      WrapDekRequest.newBuilder().setKeystore(KEYSTORE).build();

  private final RequestValidation validation = new RequestValidation();

  static Stream<Arguments> requests() {
    return Stream.of(sizes(), contexts(), names(), arns(), control()).flatMap(rows -> rows);
  }

  private static Stream<Arguments> sizes() {
    return Stream.of(
        arguments(
            WRAP.toBuilder().setDek(bytes(15)).build(),
            "`dek` is 15 bytes; must be at least 16 bytes."),
        arguments(
            WRAP.toBuilder().setDekSizeBytes(33).build(),
            "`dek_size_bytes` is 33; must be one of 0, 16, 24, 32, 48, 64."),
        arguments(
            WRAP.toBuilder().setDek(bytes(32)).setDekSizeBytes(32).build(),
            "The request is invalid: only one of dek, dek_size_bytes can be set."),
        arguments(
            WRAP.toBuilder().setDek(bytes(15)).setKeystore("").build(),
            "`keystore` is empty" + MUST_BE_KEYSTORE.replaceFirst("\\.$", "; 1 more.")),
        arguments(
            UnwrapDekRequest.newBuilder().setKeystore(KEYSTORE).build(),
            "`wrapped_dek` is required."),
        arguments(
            BatchWrapDeksRequest.newBuilder()
                .addAllRequests(Collections.nCopies(1_001, WRAP))
                .build(),
            "`requests` has 1001 items; must have at most 1000."),
        arguments(
            ListKeystoresRequest.newBuilder().setParent("tenants/acme").setPageSize(1_001).build(),
            "`page_size` is 1001; must be 0 to 1000."),
        arguments(
            ListKeystoresRequest.newBuilder()
                .setParent("tenants/acme")
                .setPageToken("t".repeat(1_025))
                .build(),
            "`page_token` is 1025 bytes; must be at most 1024 bytes."));
  }

  private static Stream<Arguments> contexts() {
    return Stream.of(
        arguments(
            context(Map.of("b", "v".repeat(1_025), "a", "", "ä", "")),
            "`encryption_context` has a value of 1025 bytes in pair 2 of 3, counted in the order of"
                + " the keys; must be at most 1024 bytes."),
        arguments(
            context(Map.of("a", "", "b", "", "k".repeat(129), "vvvv")),
            "`encryption_context` has a key of 129 bytes in pair 3 of 3, counted in the order of"
                + " the keys; must be at most 128 bytes."),
        arguments(
            context(Map.of("", "vvvv")),
            "`encryption_context` has a key of 0 bytes in pair 1 of 1, counted in the order of the"
                + " keys; must be at least 1 bytes."),
        arguments(context(pairs(17)), "`encryption_context` has 17 pairs; must have at most 16."));
  }

  private static Stream<Arguments> names() {
    return Stream.of(
        arguments(wrap(KEYSTORE + " "), "`keystore` has a trailing space" + MUST_BE_KEYSTORE),
        arguments(wrap("\t" + KEYSTORE), "`keystore` has a leading space" + MUST_BE_KEYSTORE),
        arguments(wrap(KEYSTORE + "\u00A0"), "`keystore` has a trailing space" + MUST_BE_KEYSTORE),
        arguments(wrap(KEYSTORE + "\n"), "`keystore` ends with a line break" + MUST_BE_KEYSTORE),
        arguments(wrap("tenants/a b"), "`keystore` contains a space" + MUST_BE_KEYSTORE),
        arguments(
            wrap("\"" + KEYSTORE), "`keystore` begins with a quotation mark" + MUST_BE_KEYSTORE),
        arguments(
            wrap("tenants/ä/keystores/b"),
            "`keystore` contains a character that is not ASCII" + MUST_BE_KEYSTORE),
        arguments(
            wrap("tenants/A/keystores/b"),
            "`keystore` has an upper-case letter" + MUST_BE_KEYSTORE),
        arguments(
            wrap("tenants/" + "a".repeat(64) + "/keystores/b"),
            "`keystore` has an id of more than 63 characters" + MUST_BE_KEYSTORE),
        arguments(
            wrap("acme/calls"), "`keystore` does not begin with `tenants/`" + MUST_BE_KEYSTORE),
        arguments(wrap(KEK), "`keystore` is the name of a KEK" + MUST_BE_KEYSTORE),
        arguments(wrap("tenants/acme"), "`keystore` is the name of a tenant" + MUST_BE_KEYSTORE),
        arguments(wrap("tenants/acme/"), "`keystore` ends with `/`" + MUST_BE_KEYSTORE),
        arguments(
            wrap("tenants/a/b"), "`keystore` has 3 parts between its slashes" + MUST_BE_KEYSTORE),
        arguments(
            wrap("tenants/a/keystores/a_b"), "`keystore` has another form" + MUST_BE_KEYSTORE),
        arguments(
            GetKekRequest.newBuilder().setName(KEYSTORE).build(),
            "`name` is the name of a keystore; must be"
                + " `tenants/{tenant}/keystores/{keystore}/keks/{kek}`, the last a lower-case"
                + " UUID."),
        arguments(
            RotateKekRequest.newBuilder().setName(KEYSTORE).setRequestId("1").build(),
            "`request_id` is not a UUID; must be a UUID: 8-4-4-4-12 hexadecimal digits."),
        arguments(
            CreateKeystoreRequest.newBuilder()
                .setParent("tenants/acme")
                .setKeystoreId("Calls")
                .setKeystore(Keystore.newBuilder().setRootKey(managed()))
                .build(),
            "`keystore_id` has an upper-case letter; must be 1 to 63 of `a-z`, `0-9` and `-`, not"
                + " beginning with `-`."));
  }

  private static Stream<Arguments> arns() {
    String key = "`keystore.root_key.aws_kms.key_arn` ";
    String role = "`keystore.root_key.aws_kms.role_arn` ";
    String id = "0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11";
    return Stream.of(
        arguments(withKey(KEY_ARN + " "), key + "has a trailing space" + MUST_BE_KEY),
        arguments(withKey(" " + KEY_ARN), key + "has a leading space" + MUST_BE_KEY),
        arguments(withKey(KEY_ARN + "\u00a0"), key + "has a trailing space" + MUST_BE_KEY),
        arguments(withKey(KEY_ARN + "\n"), key + "ends with a line break" + MUST_BE_KEY),
        arguments(withKey("\"" + KEY_ARN), key + "begins with a quotation mark" + MUST_BE_KEY),
        arguments(withKey(KEY_ARN + "\""), key + "ends with a quotation mark" + MUST_BE_KEY),
        arguments(withKey("\u201c" + KEY_ARN), key + "begins with a quotation mark" + MUST_BE_KEY),
        arguments(withKey(KEY_ARN + "\u201d"), key + "ends with a quotation mark" + MUST_BE_KEY),
        arguments(withKey(KEY_ARN + "\","), key + "ends with a comma" + MUST_BE_KEY),
        arguments(
            withKey(KEY_ARN + "\u200b"), key + "contains an invisible character" + MUST_BE_KEY),
        arguments(
            withKey(KEY_ARN.replace("arn:aws:", "arn:aws-moon:")),
            key + "is of a partition that AWS does not have" + MUST_BE_KEY),
        arguments(withKey(id), key + "is a key id and no ARN" + MUST_BE_KEY),
        arguments(withKey("alias/x"), key + "is an alias name and no ARN" + MUST_BE_KEY),
        arguments(withKey("calls"), key + "is no ARN" + MUST_BE_KEY),
        arguments(withKey("arn:aws:kms:x"), key + "is an incomplete ARN" + MUST_BE_KEY),
        arguments(
            withKey(KEY_ARN.replace(":kms:", ":s3:")),
            key + "is the ARN of another service than KMS" + MUST_BE_KEY),
        arguments(
            withKey(KEY_ARN.replace("111122223333", "1")),
            key + "has an account id that is not 12 digits" + MUST_BE_KEY),
        arguments(
            withKey(KEY_ARN.replace("alias/", "key/")),
            key + "has a key id that is no UUID" + MUST_BE_KEY),
        arguments(
            withRole("arn:aws:sts::111122223333:assumed-role/broker/x"),
            role + "is the ARN of a session and not of its role" + MUST_BE_ROLE),
        arguments(
            withRole("arn:aws:iam::111122223333:user/broker"),
            role + "does not name a role" + MUST_BE_ROLE),
        arguments(
            withRole("arn:aws:iam::111122223333:role/broker "),
            role + "has a trailing space" + MUST_BE_ROLE),
        arguments(
            withRole("'arn:aws:iam::111122223333:role/broker'"),
            role + "begins with a quotation mark" + MUST_BE_ROLE),
        arguments(
            withRole("arn:aws-cn:iam::111122223333:role/broker"),
            "`keystore.root_key.aws_kms`: `key_arn` and `role_arn` must be of the same partition."),
        arguments(withRole("broker"), role + "is no ARN" + MUST_BE_ROLE));
  }

  private static Stream<Arguments> control() {
    Keystore.Builder keystore = Keystore.newBuilder().setName(KEYSTORE).setRootKey(managed());
    return Stream.of(
        arguments(
            update(keystore.clone().setKeyPairSpecValue(99)),
            "`keystore.key_pair_spec` is 99; must be a value of the contract."),
        arguments(
            update(keystore.clone().setDisplayName("d".repeat(129))),
            "`keystore.display_name` is 129 characters; must be at most 128 characters."),
        arguments(
            update(keystore.clone().setPrivateKekLifetime(Duration.newBuilder().setSeconds(901))),
            "`keystore.private_kek_lifetime` is 901s; must be 0s to 900s."),
        arguments(
            update(keystore.clone().setPrivateKekLifetime(Duration.newBuilder().setNanos(-1))),
            "`keystore.private_kek_lifetime` is -0.000000001s; must be 0s to 900s."),
        arguments(
            update(
                keystore
                    .clone()
                    .setPrivateKekLifetime(Duration.newBuilder().setSeconds(1).setNanos(-1))),
            "`keystore.private_kek_lifetime` has seconds and nanos of different signs; must be a"
                + " normalised duration."),
        arguments(
            ListAuditEventsRequest.newBuilder()
                .setParent("tenants/acme")
                .setStartTime(Timestamp.newBuilder().setSeconds(-1))
                .build(),
            "`start_time` is 1969-12-31T23:59:59Z; must be 1970-01-01T00:00:00Z to"
                + " 9999-12-31T23:59:59Z."),
        arguments(
            ListAuditEventsRequest.newBuilder()
                .setParent("tenants/acme")
                .setStartTime(Timestamp.newBuilder().setNanos(1_000_000_000))
                .build(),
            "`start_time` has nanos out of 0 to 999999999; must be a time of the years 1 to 9999."),
        arguments(update(keystore.clone().setName("")), "`keystore`: name is required."),
        arguments(
            UpdateKeystoreRequest.newBuilder()
                .setKeystore(keystore)
                .setUpdateMask(FieldMask.newBuilder().addPaths("etag"))
                .build(),
            "`update_mask`: paths must be fields of Keystore that can be updated, or *."),
        arguments(
            TestKeystoreRequest.getDefaultInstance(),
            "`subject` is required: `name` or `keystore`."));
  }

  @ParameterizedTest
  @MethodSource("requests")
  void message_namesFieldAndRule_andWhatKindOfThingWasGiven(Message request, String message) {
    RequestInvalid refusal = validation.check(request);

    assertNotNull(refusal);
    assertEquals(message, refusal.status().text());
    assertFalse(refusal.status().toProto().toString().contains("vvvv"), "a value was told");
    assertFalse(refusal.status().toProto().toString().contains("kkkk"), "a key was told");
  }

  static Stream<String> patterns() {
    return Stream.of(
            Broker.getDescriptor(), KeystoresOuterClass.getDescriptor(), Audit.getDescriptor())
        .map(FileDescriptor::getMessageTypes)
        .flatMap(Collection::stream)
        .map(Descriptor::getFields)
        .flatMap(Collection::stream)
        .map(StatusMessageTest::rules)
        .filter(rules -> rules.getString().hasPattern())
        .map(rules -> rules.getString().getPattern())
        .distinct();
  }

  private static FieldRules rules(FieldDescriptor field) {
    return field.getOptions().getExtension(ValidateProto.field);
  }

  @ParameterizedTest
  @MethodSource("patterns")
  void pattern_ofTheContract_hasWords(String pattern) {
    String description = TextForm.of(pattern).describe("");

    assertFalse(description.contains("^"), description);
  }

  private static ByteString bytes(int size) {
    return ByteString.copyFrom(new byte[size]);
  }

  private static Map<String, String> pairs(int count) {
    Map<String, String> pairs = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      pairs.put("key" + i, "");
    }
    return pairs;
  }

  private static WrapDekRequest context(Map<String, String> pairs) {
    return WRAP.toBuilder().putAllEncryptionContext(pairs).build();
  }

  private static WrapDekRequest wrap(String keystore) {
    return WRAP.toBuilder().setKeystore(keystore).build();
  }

  private static RootKey managed() {
    return RootKey.newBuilder().setBrokerManaged(BrokerManagedKey.getDefaultInstance()).build();
  }

  private static UpdateKeystoreRequest withKey(String keyArn) {
    return update(
        Keystore.newBuilder()
            .setName(KEYSTORE)
            .setRootKey(RootKey.newBuilder().setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn))));
  }

  private static UpdateKeystoreRequest withRole(String roleArn) {
    return update(
        Keystore.newBuilder()
            .setName(KEYSTORE)
            .setRootKey(
                RootKey.newBuilder()
                    .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(KEY_ARN).setRoleArn(roleArn))));
  }

  private static UpdateKeystoreRequest update(Keystore.Builder keystore) {
    return UpdateKeystoreRequest.newBuilder().setKeystore(keystore).build();
  }
}

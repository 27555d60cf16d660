package dev.keybroker.grpc;

import static java.util.stream.Collectors.joining;
import static org.junit.jupiter.api.Assertions.assertEquals;

import build.buf.protovalidate.ValidationResult;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.Violation;
import build.buf.protovalidate.exceptions.ValidationException;
import build.buf.validate.FieldPathElement;
import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.BatchRewrapDeksRequest;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.BrokerManagedKey;
import dev.keybroker.v1.CheckPipelineRequest;
import dev.keybroker.v1.ConnectInstance;
import dev.keybroker.v1.ConnectStorage;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.DeleteKeystoreRequest;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.EnableKekRequest;
import dev.keybroker.v1.GetKekRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetKeystoreUsageRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.GetRootKeyUsageRequest;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KmsError;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.ListTenantsRequest;
import dev.keybroker.v1.PipelineBucket;
import dev.keybroker.v1.PipelineRole;
import dev.keybroker.v1.ReEncryptKeksRequest;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RestoreKeystoreRequest;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDeksItem;
import dev.keybroker.v1.RewrapDeksRequest;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The constraints of `proto/keybroker/v1`, one row each: a message at the edge of what is allowed,
/// or just beyond it with the path and rule of the one violation.
class ContractConstraintsTest {
  private static final Validator VALIDATOR = ValidatorFactory.newBuilder().build();

  private static final String TENANT = "tenants/demo";
  private static final String KEYSTORE = "tenants/demo/keystores/call-recordings";
  private static final String UUID = "0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11";
  private static final String KEK = KEYSTORE + "/keks/" + UUID;
  private static final String ID_63 = "a".repeat(63);
  private static final String ARN = "arn:aws:kms:eu-central-1:111122223333:";
  private static final String ROLE = "arn:aws:iam::111122223333:role/";

  private static final WrapDekRequest WRAP =
      WrapDekRequest.newBuilder().setKeystore(KEYSTORE).build();
  private static final UnwrapDekRequest UNWRAP =
      UnwrapDekRequest.newBuilder().setKeystore(KEYSTORE).setWrappedDek(bytes(1)).build();
  private static final RewrapDekRequest REWRAP =
      RewrapDekRequest.newBuilder().setKeystore(KEYSTORE).setWrappedDek(bytes(1)).build();

  private static final RootKey BROKER_MANAGED =
      RootKey.newBuilder().setBrokerManaged(BrokerManagedKey.getDefaultInstance()).build();
  private static final CheckPipelineRequest PIPELINE = CheckPipelineTest.works(TENANT);
  private static final String MANAGED = "arn:aws:kms:eu-central-1:111122223333:alias/aws/";

  private static final CreateKeystoreRequest CREATE =
      CreateKeystoreRequest.newBuilder()
          .setParent(TENANT)
          .setKeystoreId("call-recordings")
          .setKeystore(Keystore.newBuilder().setRootKey(BROKER_MANAGED))
          .build();
  private static final UpdateKeystoreRequest UPDATE =
      UpdateKeystoreRequest.newBuilder()
          .setKeystore(Keystore.newBuilder().setName(KEYSTORE))
          .build();

  @ParameterizedTest(name = "{0}")
  @MethodSource({"validNames", "validDataPlane", "validControlPlane", "validArns"})
  void message_withinItsConstraints_isValid(String what, Message message)
      throws ValidationException {
    assertEquals("", violations(message));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"invalidNames", "invalidDataPlane", "invalidControlPlane", "invalidArns"})
  void message_beyondOneConstraint_violatesThatOne(String what, Message message, String violation)
      throws ValidationException {
    assertEquals(violation, violations(message));
  }

  static Stream<Arguments> validNames() {
    return Stream.of(
            KEYSTORE,
            "tenants/0/keystores/0",
            "tenants/" + ID_63 + "/keystores/" + ID_63,
            "tenants/a-/keystores/0-a")
        .map(name -> valid(name, WRAP.toBuilder().setKeystore(name).build()));
  }

  static Stream<Arguments> invalidNames() {
    Stream<Arguments> shapes =
        Stream.of(
                "",
                "call-recordings",
                "tenants/demo",
                "tenants//keystores/a",
                "tenants/demo/keystores/",
                "tenants/-demo/keystores/a",
                "tenants/Demo/keystores/a",
                "tenants/de_mo/keystores/a",
                "tenants/demo/keystores/a/",
                "tenants/demo/keystores/a\n",
                "/tenants/demo/keystores/a",
                "tenants/démo/keystores/a",
                "tenants/demo/keystores/" + ID_63 + "a",
                "tenants/" + ID_63 + "a/keystores/a",
                KEK)
            .map(
                name ->
                    invalid(
                        "name '" + name + "'",
                        WRAP.toBuilder().setKeystore(name).build(),
                        "keystore: string.pattern"));
    String keystoreName = "x/keystores/y";
    String kekName = KEYSTORE + "/keks/" + UUID.toUpperCase(Locale.ROOT);
    Stream<Arguments> places =
        Stream.of(
            pattern("keystore", UNWRAP.toBuilder().setKeystore(keystoreName).build()),
            pattern("keystore", REWRAP.toBuilder().setKeystore(keystoreName).build()),
            pattern(
                "destination_keystore",
                REWRAP.toBuilder().setDestinationKeystore(keystoreName).build()),
            pattern("keystore", GetPublicKekRequest.newBuilder().setKeystore(keystoreName).build()),
            pattern("parent", CREATE.toBuilder().setParent("tenants/").build()),
            pattern("parent", CREATE.toBuilder().setParent(KEYSTORE).build()),
            pattern("keystore_id", CREATE.toBuilder().setKeystoreId("").build()),
            pattern("keystore_id", CREATE.toBuilder().setKeystoreId(ID_63 + "a").build()),
            pattern("keystore_id", CREATE.toBuilder().setKeystoreId("-a").build()),
            pattern("name", GetKeystoreRequest.newBuilder().setName(TENANT).build()),
            pattern("parent", ListKeystoresRequest.newBuilder().setParent("tenants").build()),
            pattern(
                "keystore.name",
                UPDATE.toBuilder().setKeystore(Keystore.newBuilder().setName("x")).build()),
            pattern("name", TestKeystoreRequest.newBuilder().setName(keystoreName).build()),
            pattern("name", RotateKekRequest.newBuilder().setName(keystoreName).build()),
            pattern("name", ReEncryptKeksRequest.newBuilder().setName(keystoreName).build()),
            pattern("name", DeleteKeystoreRequest.newBuilder().setName(keystoreName).build()),
            pattern("name", RestoreKeystoreRequest.newBuilder().setName(keystoreName).build()),
            pattern("parent", GetRootKeyUsageRequest.newBuilder().setParent(KEYSTORE).build()),
            pattern("name", GetKeystoreUsageRequest.newBuilder().setName(TENANT).build()),
            pattern(
                "key_arn",
                GetRootKeyUsageRequest.newBuilder()
                    .setParent(TENANT)
                    .setKeyArn("alias/recordings")
                    .build()),
            pattern("parent", PIPELINE.toBuilder().setParent(KEYSTORE).build()),
            pattern(
                "stream.arn",
                PIPELINE.toBuilder()
                    .setStream(PIPELINE.getStream().toBuilder().setArn("arn:aws:sns:x"))
                    .build()),
            pattern(
                "firehose.arn",
                PIPELINE.toBuilder()
                    .setFirehose(PipelineRole.newBuilder().setArn("arn:aws:iam::1:user/x"))
                    .build()),
            pattern(
                "bucket.arn",
                PIPELINE.toBuilder()
                    .setBucket(PipelineBucket.newBuilder().setArn("arn:aws:s3:::Recordings"))
                    .build()),
            pattern(
                "bucket.object_prefix",
                PIPELINE.toBuilder()
                    .setBucket(PIPELINE.getBucket().toBuilder().setObjectPrefix("calls/*"))
                    .build()),
            pattern(
                "connect.arn",
                PIPELINE.toBuilder()
                    .setConnect(ConnectInstance.newBuilder().setArn("i-1"))
                    .build()),
            pattern("parent", GetOnboardingRequest.newBuilder().setParent(KEYSTORE).build()),
            pattern("parent", ListKeksRequest.newBuilder().setParent(TENANT).build()),
            pattern("parent", ListAuditEventsRequest.newBuilder().setParent(KEYSTORE).build()),
            pattern("name", GetKekRequest.newBuilder().setName(KEYSTORE).build()),
            pattern("name", GetKekRequest.newBuilder().setName(kekName).build()),
            pattern("name", DisableKekRequest.newBuilder().setName(kekName).build()),
            pattern("name", EnableKekRequest.newBuilder().setName(kekName).build()),
            pattern("name", ScheduleKekDestructionRequest.newBuilder().setName(kekName).build()),
            pattern("name", RestoreKekRequest.newBuilder().setName(kekName).build()));
    return Stream.concat(shapes, places);
  }

  static Stream<Arguments> validDataPlane() {
    return Stream.of(
        valid("DEK generated, default size", WRAP),
        valid("DEK of 16 bytes", WRAP.toBuilder().setDek(bytes(16)).build()),
        valid("DEK of 33 bytes", WRAP.toBuilder().setDek(bytes(33)).build()),
        valid("DEK of 64 bytes", WRAP.toBuilder().setDek(bytes(64)).build()),
        valid(
            "DEK given, without plaintext",
            WRAP.toBuilder().setDek(bytes(32)).setWithoutPlaintext(true).build()),
        valid("16 to generate", WRAP.toBuilder().setDekSizeBytes(16).build()),
        valid("24 to generate", WRAP.toBuilder().setDekSizeBytes(24).build()),
        valid("32 to generate", WRAP.toBuilder().setDekSizeBytes(32).build()),
        valid("48 to generate", WRAP.toBuilder().setDekSizeBytes(48).build()),
        valid("64 to generate", WRAP.toBuilder().setDekSizeBytes(64).build()),
        valid("context of 16 pairs", pairs(16)),
        valid("context key of 1 byte", pair("k", "")),
        valid("context key of 128 bytes", pair("k".repeat(128), "v")),
        valid("context key of 64 letters of 2 bytes", pair("é".repeat(64), "v")),
        valid("context value of 1,024 bytes", pair("k", "v".repeat(1024))),
        valid("wrapped DEK of 1 byte", UNWRAP),
        valid("wrapped DEK of 1,024 bytes", UNWRAP.toBuilder().setWrappedDek(bytes(1024)).build()),
        valid("rewrap in place", REWRAP),
        valid(
            "rewrap to another keystore",
            REWRAP.toBuilder().setDestinationKeystore(KEYSTORE).build()),
        valid("empty batch", BatchWrapDeksRequest.getDefaultInstance()),
        valid(
            "1,000 invalid items to wrap",
            BatchWrapDeksRequest.newBuilder()
                .addAllRequests(copies(1000, WrapDekRequest.getDefaultInstance()))
                .build()),
        valid(
            "1,000 invalid items to unwrap",
            BatchUnwrapDeksRequest.newBuilder()
                .addAllRequests(copies(1000, UnwrapDekRequest.getDefaultInstance()))
                .build()),
        valid(
            "1,000 invalid items to rewrap",
            BatchRewrapDeksRequest.newBuilder()
                .addAllRequests(copies(1000, RewrapDekRequest.getDefaultInstance()))
                .build()),
        valid(
            "1,000 invalid items of a stream",
            RewrapDeksRequest.newBuilder()
                .addAllItems(copies(1000, RewrapDeksItem.getDefaultInstance()))
                .build()),
        valid("the longest id", rewrapItem("x".repeat(256))),
        valid("public KEK", GetPublicKekRequest.newBuilder().setKeystore(KEYSTORE).build()));
  }

  static Stream<Arguments> invalidDataPlane() {
    WrapDekRequest.Builder both = WRAP.toBuilder().setDek(bytes(32)).setDekSizeBytes(32);
    return Stream.of(
        invalid("DEK of 1 byte", WRAP.toBuilder().setDek(bytes(1)).build(), "dek: bytes.min_len"),
        invalid(
            "DEK of 15 bytes", WRAP.toBuilder().setDek(bytes(15)).build(), "dek: bytes.min_len"),
        invalid(
            "DEK of 65 bytes", WRAP.toBuilder().setDek(bytes(65)).build(), "dek: bytes.max_len"),
        invalid(
            "33 to generate",
            WRAP.toBuilder().setDekSizeBytes(33).build(),
            "dek_size_bytes: int32.in"),
        invalid(
            "-16 to generate",
            WRAP.toBuilder().setDekSizeBytes(-16).build(),
            "dek_size_bytes: int32.in"),
        invalid("DEK and its size", both.build(), ": message.oneof"),
        invalid("context of 17 pairs", pairs(17), "encryption_context: map.max_pairs"),
        invalid(
            "empty context key", pair("", "v"), "encryption_context[\"\"]: string.min_bytes (key)"),
        invalid(
            "context key of 129 bytes",
            pair("k".repeat(129), "v"),
            "encryption_context[\"" + "k".repeat(129) + "\"]: string.max_bytes (key)"),
        invalid(
            "context key of 65 letters of 2 bytes",
            pair("é".repeat(65), "v"),
            "encryption_context[\"" + "é".repeat(65) + "\"]: string.max_bytes (key)"),
        invalid(
            "context value of 1,025 bytes",
            pair("k", "v".repeat(1025)),
            "encryption_context[\"k\"]: string.max_bytes"),
        invalid(
            "context value of 513 letters of 2 bytes",
            pair("k", "é".repeat(513)),
            "encryption_context[\"k\"]: string.max_bytes"),
        invalid(
            "context of an unwrap, empty key",
            UNWRAP.toBuilder().putEncryptionContext("", "v").build(),
            "encryption_context[\"\"]: string.min_bytes (key)"),
        invalid(
            "context of an unwrap, value of 1,025 bytes",
            UNWRAP.toBuilder().putEncryptionContext("k", "v".repeat(1025)).build(),
            "encryption_context[\"k\"]: string.max_bytes"),
        invalid(
            "context of an unwrap, 17 pairs",
            UNWRAP.toBuilder().putAllEncryptionContext(pairs(17).getEncryptionContextMap()).build(),
            "encryption_context: map.max_pairs"),
        invalid(
            "context of a rewrap, empty key",
            REWRAP.toBuilder().putEncryptionContext("", "v").build(),
            "encryption_context[\"\"]: string.min_bytes (key)"),
        invalid(
            "context of a rewrap, value of 1,025 bytes",
            REWRAP.toBuilder().putEncryptionContext("k", "v".repeat(1025)).build(),
            "encryption_context[\"k\"]: string.max_bytes"),
        invalid(
            "context of a rewrap, 17 pairs",
            REWRAP.toBuilder().putAllEncryptionContext(pairs(17).getEncryptionContextMap()).build(),
            "encryption_context: map.max_pairs"),
        invalid(
            "no wrapped DEK to unwrap",
            UNWRAP.toBuilder().clearWrappedDek().build(),
            "wrapped_dek: required"),
        invalid(
            "wrapped DEK of 1,025 bytes to unwrap",
            UNWRAP.toBuilder().setWrappedDek(bytes(1025)).build(),
            "wrapped_dek: bytes.max_len"),
        invalid(
            "no wrapped DEK to rewrap",
            REWRAP.toBuilder().clearWrappedDek().build(),
            "wrapped_dek: required"),
        invalid(
            "wrapped DEK of 1,025 bytes to rewrap",
            REWRAP.toBuilder().setWrappedDek(bytes(1025)).build(),
            "wrapped_dek: bytes.max_len"),
        invalid(
            "1,001 items to wrap",
            BatchWrapDeksRequest.newBuilder().addAllRequests(copies(1001, WRAP)).build(),
            "requests: repeated.max_items"),
        invalid(
            "1,001 items to unwrap",
            BatchUnwrapDeksRequest.newBuilder().addAllRequests(copies(1001, UNWRAP)).build(),
            "requests: repeated.max_items"),
        invalid(
            "1,001 items to rewrap",
            BatchRewrapDeksRequest.newBuilder().addAllRequests(copies(1001, REWRAP)).build(),
            "requests: repeated.max_items"),
        invalid(
            "1,001 items of a stream",
            RewrapDeksRequest.newBuilder()
                .addAllItems(copies(1001, RewrapDeksItem.getDefaultInstance()))
                .build(),
            "items: repeated.max_items"),
        invalid(
            "an id of too many bytes",
            rewrapItem("x".repeat(254) + "é" + "x"),
            "items.id: string.max_bytes"));
  }

  private static RewrapDeksRequest rewrapItem(String id) {
    return RewrapDeksRequest.newBuilder()
        .addItems(RewrapDeksItem.newBuilder().setId(id).setRequest(REWRAP))
        .build();
  }

  static Stream<Arguments> validControlPlane() {
    return Stream.of(
        valid("smallest create", CREATE),
        valid(
            "create at every limit",
            CREATE.toBuilder()
                .setKeystore(
                    Keystore.newBuilder()
                        .setName(KEYSTORE)
                        .setDisplayName("é".repeat(128))
                        .setRootKey(BROKER_MANAGED)
                        .setKeyPairSpecValue(5)
                        .setRotationPeriodValue(5)
                        .setPrivateKekLifetime(seconds(900))
                        .setOnKmsOutageValue(2))
                .build()),
        valid("lifetime 0", updateOf(Keystore.newBuilder().setPrivateKekLifetime(seconds(0)))),
        valid(
            "output-only fields given back",
            updateOf(
                Keystore.newBuilder()
                    .setEtag("anything")
                    .setActiveKek("anything")
                    .setLastError(KmsError.newBuilder().setCode("anything")))),
        valid("update without a mask", UPDATE),
        valid(
            "update of the name for people alone",
            mask("display_name", "rotation_period", "key_pair_spec")),
        valid("update of lifetime and outage", mask("private_kek_lifetime", "on_kms_outage")),
        valid(
            "update of everything",
            mask("*").toBuilder()
                .setKeystore(Keystore.newBuilder().setName(KEYSTORE).setRootKey(BROKER_MANAGED))
                .build()),
        valid(
            "test of a saved keystore", TestKeystoreRequest.newBuilder().setName(KEYSTORE).build()),
        valid(
            "test of a configuration",
            TestKeystoreRequest.newBuilder()
                .setKeystore(Keystore.newBuilder().setName(KEYSTORE).setRootKey(BROKER_MANAGED))
                .build()),
        valid("get", GetKeystoreRequest.newBuilder().setName(KEYSTORE).build()),
        valid("first page", ListKeystoresRequest.newBuilder().setParent(TENANT).build()),
        valid(
            "largest page of keystores",
            ListKeystoresRequest.newBuilder()
                .setParent(TENANT)
                .setPageSize(1000)
                .setPageToken("t".repeat(1024))
                .setFilter("f".repeat(1024))
                .build()),
        valid("first page of tenants", ListTenantsRequest.getDefaultInstance()),
        valid(
            "largest page of KEKs",
            ListKeksRequest.newBuilder()
                .setParent(KEYSTORE)
                .setPageSize(1000)
                .setPageToken("t".repeat(1024))
                .build()),
        valid("pipeline", PIPELINE),
        valid(
            "pipeline with AWS managed keys and no policies",
            PIPELINE.toBuilder()
                .setStream(
                    PIPELINE.getStream().toBuilder()
                        .clearKeyPolicy()
                        .setKeyArn(MANAGED + "kinesis"))
                .setBucket(
                    PIPELINE.getBucket().toBuilder().clearKeyPolicy().setKeyArn(MANAGED + "s3"))
                .build()),
        valid("usage of all keys", GetRootKeyUsageRequest.newBuilder().setParent(TENANT).build()),
        valid(
            "usage of a keystore", GetKeystoreUsageRequest.newBuilder().setName(KEYSTORE).build()),
        valid("deletion", DeleteKeystoreRequest.newBuilder().setName(KEYSTORE).build()),
        valid("rotation", RotateKekRequest.newBuilder().setName(KEYSTORE).build()),
        valid(
            "rotation with an id",
            RotateKekRequest.newBuilder().setName(KEYSTORE).setRequestId(UUID).build()),
        valid("re-encryption", ReEncryptKeksRequest.newBuilder().setName(KEYSTORE).build()),
        valid(
            "re-encryption with a request id",
            ReEncryptKeksRequest.newBuilder().setName(KEYSTORE).setRequestId(UUID).build()),
        valid("onboarding", GetOnboardingRequest.newBuilder().setParent(TENANT).build()),
        valid(
            "onboarding with a role alone",
            GetOnboardingRequest.newBuilder()
                .setParent(TENANT)
                .setKey(AwsKmsKey.newBuilder().setRoleArn(ROLE + "keybroker"))
                .build()),
        valid("KEK", GetKekRequest.newBuilder().setName(KEK).build()),
        valid("default waiting period", destruction(0)),
        valid("waiting period of 7 days", destruction(7)),
        valid("waiting period of 30 days", destruction(30)));
  }

  static Stream<Arguments> invalidControlPlane() {
    Keystore.Builder noRootKey = Keystore.newBuilder().setName(KEYSTORE);
    return Stream.of(
        invalid(
            "pipeline into which nothing writes",
            PIPELINE.toBuilder().clearConnect().build(),
            ": check_pipeline.writer"),
        invalid(
            "pipeline without a stream",
            PIPELINE.toBuilder().clearStream().build(),
            "stream: required"),
        invalid(
            "stream with a key's alias",
            PIPELINE.toBuilder()
                .setStream(PIPELINE.getStream().toBuilder().setKeyArn(MANAGED + "s3"))
                .build(),
            "stream.key_arn: pipeline_stream.key_arn"),
        invalid(
            "bucket with a key's alias",
            PIPELINE.toBuilder()
                .setBucket(PIPELINE.getBucket().toBuilder().setKeyArn(MANAGED + "kinesis"))
                .build(),
            "bucket.key_arn: pipeline_bucket.key_arn"),
        invalid(
            "storage with a key's alias",
            PIPELINE.toBuilder()
                .setConnect(
                    ConnectInstance.newBuilder()
                        .addStorage(
                            ConnectStorage.newBuilder().setTypeValue(1).setKeyArn(MANAGED + "s3")))
                .build(),
            "connect.storage.key_arn: connect_storage.key_arn"),
        invalid(
            "storage of no kind",
            PIPELINE.toBuilder()
                .setConnect(
                    ConnectInstance.newBuilder()
                        .addStorage(ConnectStorage.newBuilder().setKeyArn(MANAGED + "connect")))
                .build(),
            "connect.storage.type: enum.not_in"),
        invalid(
            "key policy of 32,769 bytes",
            PIPELINE.toBuilder()
                .setStream(PIPELINE.getStream().toBuilder().setKeyPolicy("x".repeat(32769)))
                .build(),
            "stream.key_policy: string.max_bytes"),
        invalid(
            "11 policies of a role",
            PIPELINE.toBuilder()
                .setFirehose(
                    PIPELINE.getFirehose().toBuilder().addAllIdentityPolicies(copies(10, "{}")))
                .build(),
            "firehose.identity_policies: repeated.max_items"),
        invalid(
            "policy of a role of 32,769 bytes",
            PIPELINE.toBuilder()
                .setProducer(
                    PIPELINE.getFirehose().toBuilder().setIdentityPolicies(0, "x".repeat(32769)))
                .build(),
            "producer.identity_policies: string.max_bytes"),
        invalid(
            "create without keystore",
            CREATE.toBuilder().clearKeystore().build(),
            "keystore: required"),
        invalid(
            "create without root key",
            CREATE.toBuilder().setKeystore(noRootKey).build(),
            "keystore: create_keystore.root_key"),
        invalid(
            "create with an empty root key",
            CREATE.toBuilder()
                .setKeystore(Keystore.newBuilder().setRootKey(RootKey.getDefaultInstance()))
                .build(),
            "keystore.root_key.kind: required"),
        invalid(
            "root key without its ARN",
            rootKey(AwsKmsKey.newBuilder().setRoleArn(ROLE + "r")),
            "keystore.root_key.aws_kms: root_key.aws_kms.key_arn"),
        invalid(
            "display name of 129 characters",
            updateOf(Keystore.newBuilder().setDisplayName("d".repeat(129))),
            "keystore.display_name: string.max_len"),
        invalid(
            "display name with U+0000",
            updateOf(Keystore.newBuilder().setDisplayName("a\u0000b")),
            "keystore.display_name: string.pattern"),
        invalid(
            "unknown key pair spec",
            updateOf(Keystore.newBuilder().setKeyPairSpecValue(99)),
            "keystore.key_pair_spec: enum.defined_only"),
        invalid(
            "unknown rotation period",
            updateOf(Keystore.newBuilder().setRotationPeriodValue(99)),
            "keystore.rotation_period: enum.defined_only"),
        invalid(
            "unknown outage rule",
            updateOf(Keystore.newBuilder().setOnKmsOutageValue(99)),
            "keystore.on_kms_outage: enum.defined_only"),
        invalid(
            "lifetime below 0",
            updateOf(Keystore.newBuilder().setPrivateKekLifetime(seconds(-1))),
            "keystore.private_kek_lifetime: duration.gte_lte"),
        invalid(
            "lifetime above 900 s",
            updateOf(
                Keystore.newBuilder().setPrivateKekLifetime(seconds(900).toBuilder().setNanos(1))),
            "keystore.private_kek_lifetime: duration.gte_lte"),
        invalid(
            "update without keystore",
            UpdateKeystoreRequest.getDefaultInstance(),
            "keystore: required"),
        invalid(
            "update without name",
            UPDATE.toBuilder().setKeystore(Keystore.getDefaultInstance()).build(),
            "keystore: update_keystore.name"),
        invalid(
            "mask with an output-only field",
            mask("etag"),
            "update_mask: update_keystore.update_mask"),
        invalid(
            "mask below a field",
            mask("root_key.aws_kms"),
            "update_mask: update_keystore.update_mask"),
        invalid(
            "masked root key that is not there", mask("root_key"), ": update_keystore.root_key"),
        invalid("everything, root key not there", mask("*"), ": update_keystore.root_key"),
        invalid("test of nothing", TestKeystoreRequest.getDefaultInstance(), "subject: required"),
        invalid(
            "test without name",
            TestKeystoreRequest.newBuilder()
                .setKeystore(Keystore.newBuilder().setRootKey(BROKER_MANAGED))
                .build(),
            "keystore: test_keystore.name"),
        invalid(
            "test without root key",
            TestKeystoreRequest.newBuilder().setKeystore(noRootKey).build(),
            "keystore: test_keystore.root_key"),
        invalid(
            "page of -1 keystores",
            ListKeystoresRequest.newBuilder().setParent(TENANT).setPageSize(-1).build(),
            "page_size: int32.gte_lte"),
        invalid(
            "page of 1,001 keystores",
            ListKeystoresRequest.newBuilder().setParent(TENANT).setPageSize(1001).build(),
            "page_size: int32.gte_lte"),
        invalid(
            "page token of 1,025 bytes, keystores",
            ListKeystoresRequest.newBuilder()
                .setParent(TENANT)
                .setPageToken("t".repeat(1025))
                .build(),
            "page_token: string.max_bytes"),
        invalid(
            "filter of 1,025 bytes",
            ListKeystoresRequest.newBuilder().setParent(TENANT).setFilter("f".repeat(1025)).build(),
            "filter: string.max_bytes"),
        invalid(
            "page of 1,001 tenants",
            ListTenantsRequest.newBuilder().setPageSize(1001).build(),
            "page_size: int32.gte_lte"),
        invalid(
            "page token of 1,025 bytes, tenants",
            ListTenantsRequest.newBuilder().setPageToken("t".repeat(1025)).build(),
            "page_token: string.max_bytes"),
        invalid(
            "digest of 31 bytes",
            ListAuditEventsRequest.newBuilder()
                .setParent(TENANT)
                .setEncryptionContextSha256(ByteString.copyFrom(new byte[31]))
                .build(),
            "encryption_context_sha256: bytes.len"),
        invalid(
            "digest and whole context",
            ListAuditEventsRequest.newBuilder()
                .setParent(TENANT)
                .setEncryptionContextSha256(ByteString.copyFrom(new byte[32]))
                .setWholeEncryptionContext(true)
                .build(),
            ": list_audit_events.encryption_context_sha256"),
        invalid(
            "digest and pairs",
            ListAuditEventsRequest.newBuilder()
                .setParent(TENANT)
                .setEncryptionContextSha256(ByteString.copyFrom(new byte[32]))
                .putEncryptionContext("a", "b")
                .build(),
            ": list_audit_events.encryption_context_sha256"),
        invalid(
            "page of 1,001 audit events",
            ListAuditEventsRequest.newBuilder().setParent(TENANT).setPageSize(1001).build(),
            "page_size: int32.gte_lte"),
        invalid(
            "page token of 1,025 bytes, audit events",
            ListAuditEventsRequest.newBuilder()
                .setParent(TENANT)
                .setPageToken("t".repeat(1025))
                .build(),
            "page_token: string.max_bytes"),
        invalid(
            "audit events of a keystore by its name",
            ListAuditEventsRequest.newBuilder().setParent(TENANT).setKeystoreId(KEYSTORE).build(),
            "keystore_id: string.pattern"),
        invalid(
            "audit events before 1970",
            ListAuditEventsRequest.newBuilder()
                .setParent(TENANT)
                .setStartTime(com.google.protobuf.Timestamp.newBuilder().setSeconds(-1))
                .build(),
            "start_time: timestamp.gte_lte"),
        invalid(
            "audit events from the year 10000 on",
            ListAuditEventsRequest.newBuilder()
                .setParent(TENANT)
                .setStartTime(com.google.protobuf.Timestamp.newBuilder().setSeconds(253402300800L))
                .build(),
            "start_time: timestamp.gte_lte"),
        invalid(
            "audit events until the year 10000",
            ListAuditEventsRequest.newBuilder()
                .setParent(TENANT)
                .setEndTime(com.google.protobuf.Timestamp.newBuilder().setSeconds(253402300800L))
                .build(),
            "end_time: timestamp.gte_lte"),
        invalid(
            "audit events of a caller of 513 bytes",
            ListAuditEventsRequest.newBuilder()
                .setParent(TENANT)
                .setCaller("c".repeat(513))
                .build(),
            "caller: string.max_bytes"),
        invalid(
            "audit events of an unknown outcome",
            ListAuditEventsRequest.newBuilder().setParent(TENANT).setOutcomeValue(9).build(),
            "outcome: enum.defined_only"),
        invalid(
            "audit events of 17 pairs",
            ListAuditEventsRequest.newBuilder()
                .setParent(TENANT)
                .putAllEncryptionContext(pairs(17).getEncryptionContextMap())
                .build(),
            "encryption_context: map.max_pairs"),
        invalid(
            "page of 1,001 KEKs",
            ListKeksRequest.newBuilder().setParent(KEYSTORE).setPageSize(1001).build(),
            "page_size: int32.gte_lte"),
        invalid(
            "page token of 1,025 bytes, KEKs",
            ListKeksRequest.newBuilder().setParent(KEYSTORE).setPageToken("t".repeat(1025)).build(),
            "page_token: string.max_bytes"),
        invalid(
            "request id that is no UUID",
            RotateKekRequest.newBuilder().setName(KEYSTORE).setRequestId("again").build(),
            "request_id: string.uuid"),
        invalid(
            "request id of a re-encryption that is no UUID",
            ReEncryptKeksRequest.newBuilder().setName(KEYSTORE).setRequestId("again").build(),
            "request_id: string.uuid"),
        invalid("waiting period of 6 days", destruction(6), "waiting_period_days: int32.gte_lte"),
        invalid("waiting period of 31 days", destruction(31), "waiting_period_days: int32.gte_lte"),
        invalid(
            "waiting period of -7 days", destruction(-7), "waiting_period_days: int32.gte_lte"));
  }

  static Stream<Arguments> validArns() {
    Stream<String> keys =
        Stream.of(
            ARN + "key/" + UUID,
            ARN + "key/mrk-" + "0123456789abcdef".repeat(2),
            ARN + "alias/a",
            ARN + "alias/keybroker/call_recordings-1",
            ARN + "alias/" + "a".repeat(250),
            "arn:aws-cn:kms:cn-northwest-1:111122223333:key/" + UUID,
            "arn:aws:kms:ap-" + "s".repeat(12) + "-" + "e".repeat(12) + "-10:111122223333:alias/a",
            "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a",
            "arn:aws-eusc:kms:eusc-de-east-1:111122223333:alias/a",
            "arn:aws-iso:kms:us-iso-east-1:111122223333:alias/a",
            "arn:aws-iso-b:kms:us-isob-east-1:111122223333:alias/a",
            "arn:aws-iso-e:kms:eu-isoe-west-1:111122223333:alias/a",
            "arn:aws-iso-f:kms:us-isof-south-1:111122223333:alias/a");
    Stream<String> roles =
        Stream.of(
            ROLE + "keybroker",
            ROLE + "a/path/to/Key+=,.@_-Broker1",
            ROLE + "p".repeat(510) + "/" + "r".repeat(64),
            ROLE + "!\"#%&'()+,-./09:;<=>@AZ[\\]^_`az{|}~/r",
            "arn:aws-cn:iam::111122223333:role/r",
            "arn:aws-us-gov:iam::111122223333:role/r",
            "arn:aws-eusc:iam::111122223333:role/r",
            "arn:aws-iso-f:iam::111122223333:role/r");
    return Stream.concat(
        keys.map(arn -> valid(arn, rootKey(AwsKmsKey.newBuilder().setKeyArn(arn)))),
        roles.map(
            arn ->
                valid(
                    arn,
                    rootKey(
                        AwsKmsKey.newBuilder()
                            .setKeyArn(
                                ARN.replace("arn:aws:", "arn:" + arn.split(":")[1] + ":")
                                    + "alias/a")
                            .setRoleArn(arn)))));
  }

  static Stream<Arguments> invalidArns() {
    Stream<String> keys =
        Stream.of(
            "alias/a",
            UUID,
            ARN,
            ARN + "key/",
            ARN + "key/" + UUID + "0",
            ARN + "key/mrk-" + UUID,
            ARN + "alias/",
            ARN + "alias/a b",
            ARN + "alias/a\n",
            ARN + "alias/" + "a".repeat(251),
            "arn:aws-x:kms:eu-central-1:111122223333:key/" + UUID,
            "arn:aws:s3:eu-central-1:111122223333:key/" + UUID,
            "arn:aws:kms:eu central-1:111122223333:key/" + UUID,
            "arn:aws:kms::111122223333:key/" + UUID,
            "arn:aws:kms:eu-central-north-east-1:111122223333:key/" + UUID,
            "arn:aws:kms:eu-" + "c".repeat(13) + "-1:111122223333:key/" + UUID,
            "arn:aws:kms:eu-central-1:11112222333:key/" + UUID);
    Stream<String> roles =
        Stream.of(
            "keybroker",
            ROLE,
            ROLE + "r/",
            ROLE + "r r",
            ROLE + "r\n",
            ROLE + "r".repeat(65),
            ROLE + "p".repeat(511) + "/r",
            ROLE + "*/r",
            ROLE + "p?/r",
            ROLE + "${aws:username}/r",
            "arn:aws:iam::111122223333:user/u",
            "arn:aws:iam:eu-central-1:111122223333:role/r",
            "arn:aws-x:iam::111122223333:role/r");
    Stream<Arguments> ofTwoPartitions =
        Stream.of("arn:aws-cn:iam::111122223333:role/r", "arn:aws-eusc:iam::111122223333:role/r")
            .map(
                arn ->
                    invalid(
                        "role '" + arn + "' for a key in aws",
                        rootKey(AwsKmsKey.newBuilder().setKeyArn(ARN + "alias/a").setRoleArn(arn)),
                        "keystore.root_key.aws_kms: aws_kms_key.partition"));
    return Stream.concat(ofTwoPartitions, invalidArns(keys, roles));
  }

  private static Stream<Arguments> invalidArns(Stream<String> keys, Stream<String> roles) {
    return Stream.concat(
        keys.map(
            arn ->
                invalid(
                    "key '" + arn + "'",
                    rootKey(AwsKmsKey.newBuilder().setKeyArn(arn)),
                    "keystore.root_key.aws_kms.key_arn: string.pattern")),
        roles.map(
            arn ->
                invalid(
                    "role '" + arn + "'",
                    rootKey(AwsKmsKey.newBuilder().setKeyArn(ARN + "alias/a").setRoleArn(arn)),
                    "keystore.root_key.aws_kms.role_arn: string.pattern")));
  }

  private static Arguments valid(String what, Message message) {
    return Arguments.of(what, message);
  }

  private static Arguments invalid(String what, Message message, String violation) {
    return Arguments.of(what, message, violation);
  }

  private static Arguments pattern(String field, Message message) {
    return invalid(
        message.getDescriptorForType().getName() + "." + field,
        message,
        field + ": string.pattern");
  }

  private static WrapDekRequest pairs(int count) {
    WrapDekRequest.Builder request = WRAP.toBuilder();
    IntStream.range(0, count).forEach(i -> request.putEncryptionContext("k" + i, "v"));
    return request.build();
  }

  private static WrapDekRequest pair(String key, String value) {
    return WRAP.toBuilder().putEncryptionContext(key, value).build();
  }

  private static <T> List<T> copies(int count, T item) {
    return Collections.nCopies(count, item);
  }

  private static UpdateKeystoreRequest updateOf(Keystore.Builder keystore) {
    return UPDATE.toBuilder().setKeystore(keystore.setName(KEYSTORE)).build();
  }

  private static UpdateKeystoreRequest rootKey(AwsKmsKey.Builder key) {
    return updateOf(Keystore.newBuilder().setRootKey(RootKey.newBuilder().setAwsKms(key)));
  }

  private static UpdateKeystoreRequest mask(String... paths) {
    return UPDATE.toBuilder()
        .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(paths)))
        .build();
  }

  private static ScheduleKekDestructionRequest destruction(int days) {
    return ScheduleKekDestructionRequest.newBuilder()
        .setName(KEK)
        .setWaitingPeriodDays(days)
        .build();
  }

  private static ByteString bytes(int size) {
    return ByteString.copyFrom(new byte[size]);
  }

  private static Duration seconds(int seconds) {
    return Duration.newBuilder().setSeconds(seconds).build();
  }

  /// Each violation as `path: rule id`, with `(key)` where a map's key is meant and not its value.
  private static String violations(Message message) throws ValidationException {
    ValidationResult result = VALIDATOR.validate(message);
    List<String> lines = new ArrayList<>();
    for (Violation violation : result.getViolations()) {
      build.buf.validate.Violation found = violation.toProto();
      String path =
          found.getField().getElementsList().stream()
              .map(ContractConstraintsTest::pathElement)
              .collect(joining("."));
      lines.add(path + ": " + found.getRuleId() + (found.getForKey() ? " (key)" : ""));
    }
    return String.join("\n", lines);
  }

  private static String pathElement(FieldPathElement element) {
    return element.hasStringKey()
        ? element.getFieldName() + "[\"" + element.getStringKey() + "\"]"
        : element.getFieldName();
  }
}

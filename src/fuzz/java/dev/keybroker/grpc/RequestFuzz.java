package dev.keybroker.grpc;

import static dev.keybroker.fuzz.Property.holds;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.fuzz.Seeds;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.keystore.OnKmsOutage;
import dev.keybroker.keystore.RootKey;
import dev.keybroker.keystore.RotationPeriod;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.pipeline.PipelineDoctor;
import dev.keybroker.v1.AuditOutcome;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.BatchRewrapDeksRequest;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.CheckPipelineRequest;
import dev.keybroker.v1.ConnectInstance;
import dev.keybroker.v1.ConnectStorage;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.DeleteKeystoreRequest;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.EnableKekRequest;
import dev.keybroker.v1.GetAuditVerificationRequest;
import dev.keybroker.v1.GetKekRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetKeystoreUsageRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.GetRootKeyUsageRequest;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.ListTenantsRequest;
import dev.keybroker.v1.PipelineBucket;
import dev.keybroker.v1.PipelineRole;
import dev.keybroker.v1.PipelineStream;
import dev.keybroker.v1.ReEncryptKeksRequest;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RestoreKeystoreRequest;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDeksItem;
import dev.keybroker.v1.RewrapDeksRequest;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/// What a caller puts on the wire. Bytes are a message or none; a message is valid or refused with
/// violations; and what is valid turns into the domain's types within the bounds that the contract
/// promises, or is a [RequestInvalid]. What passes at a glance, protovalidate passes too.
///
/// The first byte of the input names the type of the request.
public final class RequestFuzz {
  private static final String KEYSTORE = "tenants/acme/keystores/calls";
  private static final String KEK = KEYSTORE + "/keks/0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11";
  private static final AwsKmsKey KEY =
      AwsKmsKey.newBuilder()
          .setKeyArn("arn:aws:kms:eu-central-1:111122223333:alias/recordings")
          .setRoleArn("arn:aws:iam::111122223333:role/service/broker")
          .build();
  private static final RequestValidation VALIDATION = new RequestValidation();
  // PostgreSQL's are 4713 BC and AD 294276; a time's nanoseconds may add two seconds.
  private static final Instant EARLIEST = Instant.EPOCH;
  private static final Instant LATEST = Instant.parse("+10000-01-01T00:00:02Z");
  private static final Duration LONGEST_LIFETIME = Duration.ofSeconds(900);
  private static final KeystoreSettings SETTINGS =
      new KeystoreSettings(
          "",
          new RootKey.BrokerManaged(),
          KeyPairSpec.RSA_3072,
          RotationPeriod.NEVER,
          Duration.ZERO,
          OnKmsOutage.WRAP_WITH_LAST_KNOWN_KEK);

  /// One valid request of each type.
  private static final List<Message> REQUESTS = requests();

  /// Times that are not normalised, which mutation finds seldom.
  private static final List<Message> UNUSUAL =
      List.of(
          UpdateKeystoreRequest.newBuilder()
              .setKeystore(
                  Keystore.newBuilder()
                      .setName(KEYSTORE)
                      .setPrivateKekLifetime(
                          com.google.protobuf.Duration.newBuilder().setSeconds(1).setNanos(-1)))
              .build(),
          TestKeystoreRequest.newBuilder()
              .setKeystore(
                  Keystore.newBuilder()
                      .setName(KEYSTORE)
                      .setRootKey(dev.keybroker.v1.RootKey.newBuilder().setAwsKms(KEY))
                      .setPrivateKekLifetime(
                          com.google.protobuf.Duration.newBuilder().setNanos(1_000_000_000)))
              .build(),
          ListAuditEventsRequest.newBuilder()
              .setParent("tenants/acme")
              .setStartTime(Timestamp.newBuilder().setNanos(-1))
              .setEndTime(Timestamp.newBuilder().setSeconds(1).setNanos(1_000_000_000))
              .build());

  private RequestFuzz() {}

  private static List<Message> requests() {
    Keystore keystore =
        Keystore.newBuilder()
            .setName(KEYSTORE)
            .setDisplayName("Calls")
            .setRootKey(dev.keybroker.v1.RootKey.newBuilder().setAwsKms(KEY))
            .setPrivateKekLifetime(com.google.protobuf.Duration.newBuilder().setSeconds(60))
            .setEtag("1")
            .build();
    WrapDekRequest wrap =
        WrapDekRequest.newBuilder()
            .setKeystore(KEYSTORE)
            .setDekSizeBytes(32)
            .putEncryptionContext("recording", "4711")
            .build();
    UnwrapDekRequest unwrap =
        UnwrapDekRequest.newBuilder()
            .setKeystore(KEYSTORE)
            .setWrappedDek(ByteString.copyFromUtf8("wrapped"))
            .putEncryptionContext("recording", "4711")
            .build();
    RewrapDekRequest rewrap =
        RewrapDekRequest.newBuilder()
            .setKeystore(KEYSTORE)
            .setWrappedDek(ByteString.copyFromUtf8("wrapped"))
            .setDestinationKeystore(KEYSTORE + "-2")
            .build();
    return List.of(
        wrap,
        unwrap,
        rewrap,
        BatchWrapDeksRequest.newBuilder().addRequests(wrap).addRequests(wrap).build(),
        BatchUnwrapDeksRequest.newBuilder().addRequests(unwrap).build(),
        BatchRewrapDeksRequest.newBuilder().addRequests(rewrap).build(),
        RewrapDeksRequest.newBuilder()
            .addItems(RewrapDeksItem.newBuilder().setId("4711").setRequest(rewrap))
            .build(),
        GetPublicKekRequest.newBuilder().setKeystore(KEYSTORE).build(),
        CreateKeystoreRequest.newBuilder()
            .setParent("tenants/acme")
            .setKeystoreId("calls")
            .setKeystore(keystore)
            .build(),
        GetKeystoreRequest.newBuilder().setName(KEYSTORE).build(),
        ListKeystoresRequest.newBuilder()
            .setParent("tenants/acme")
            .setFilter("state = ACTIVE AND keystore_id = \"c*\"")
            .setPageToken(
                PageToken.afterId(
                    "tenants/acme", "state = ACTIVE AND keystore_id = \"c*\"", "calls"))
            .build(),
        ListTenantsRequest.newBuilder()
            .setPageToken(PageToken.afterId("tenants/-", "", "acme"))
            .build(),
        UpdateKeystoreRequest.newBuilder().setKeystore(keystore).build(),
        TestKeystoreRequest.newBuilder().setKeystore(keystore).build(),
        RotateKekRequest.newBuilder()
            .setName(KEYSTORE)
            .setRequestId("0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11")
            .build(),
        ReEncryptKeksRequest.newBuilder()
            .setName(KEYSTORE)
            .setRequestId("0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11")
            .build(),
        GetOnboardingRequest.newBuilder().setParent("tenants/acme").setKey(KEY).build(),
        ListKeksRequest.newBuilder().setParent(KEYSTORE).setPageSize(10).build(),
        GetKekRequest.newBuilder().setName(KEK).build(),
        DisableKekRequest.newBuilder().setName(KEK).build(),
        EnableKekRequest.newBuilder().setName(KEK).build(),
        ScheduleKekDestructionRequest.newBuilder().setName(KEK).setWaitingPeriodDays(7).build(),
        RestoreKekRequest.newBuilder().setName(KEK).build(),
        DeleteKeystoreRequest.newBuilder().setName(KEYSTORE).setEtag("1").build(),
        RestoreKeystoreRequest.newBuilder().setName(KEYSTORE).build(),
        GetRootKeyUsageRequest.newBuilder()
            .setParent("tenants/acme")
            .setKeyArn(KEY.getKeyArn())
            .build(),
        pipeline(),
        GetKeystoreUsageRequest.newBuilder().setName(KEYSTORE).build(),
        GetAuditVerificationRequest.newBuilder().setParent("tenants/acme").build(),
        ListAuditEventsRequest.newBuilder()
            .setParent("tenants/acme")
            .setEncryptionContextSha256(ByteString.copyFrom(new byte[32]))
            .build(),
        ListAuditEventsRequest.newBuilder()
            .setParent("tenants/acme")
            .setStartTime(Timestamp.newBuilder().setSeconds(1_772_366_400))
            .setEndTime(Timestamp.newBuilder().setSeconds(1_772_452_800))
            .setKeystoreId("calls")
            .setCaller("spiffe://example.org/export")
            .setOutcome(AuditOutcome.AUDIT_OUTCOME_REFUSED)
            .putEncryptionContext("recording", "4711")
            .build());
  }

  public static void fuzzerInitialize() {
    for (int type = 0; type < REQUESTS.size(); type++) {
      seed("type-" + type, type, REQUESTS.get(type));
    }
    for (Message message : UNUSUAL) {
      for (int type = 0; type < REQUESTS.size(); type++) {
        if (REQUESTS.get(type).getClass() == message.getClass()) {
          seed("unusual-" + UNUSUAL.indexOf(message), type, message);
        }
      }
    }
  }

  private static void seed(String name, int type, Message message) {
    byte[] bytes = message.toByteArray();
    byte[] input = new byte[1 + bytes.length];
    input[0] = (byte) type;
    System.arraycopy(bytes, 0, input, 1, bytes.length);
    Seeds.add(name, input);
  }

  public static void fuzzerTestOneInput(byte[] input) throws InvalidProtocolBufferException {
    if (input.length == 0) {
      return;
    }
    Message type = REQUESTS.get(Byte.toUnsignedInt(input[0]) % REQUESTS.size());
    Message message;
    try {
      message = type.getParserForType().parseFrom(Arrays.copyOfRange(input, 1, input.length));
    } catch (InvalidProtocolBufferException e) {
      return;
    }
    holds(
        type.getParserForType().parseFrom(message.toByteArray()).equals(message),
        "reads back as another message");
    check(message);
  }

  private static CheckPipelineRequest pipeline() {
    PipelineRole role =
        PipelineRole.newBuilder()
            .setArn("arn:aws:iam::111122223333:role/firehose")
            .addIdentityPolicies(
                "{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\"}}")
            .build();
    return CheckPipelineRequest.newBuilder()
        .setParent("tenants/acme")
        .setConnect(
            ConnectInstance.newBuilder()
                .addStorage(ConnectStorage.newBuilder().setTypeValue(1).setKeyArn(KEY.getKeyArn())))
        .setProducer(role)
        .setStream(
            PipelineStream.newBuilder()
                .setArn("arn:aws:kinesis:eu-central-1:111122223333:stream/records")
                .setKeyArn(KEY.getKeyArn()))
        .setFirehose(role)
        .setBucket(
            PipelineBucket.newBuilder()
                .setArn("arn:aws:s3:::recordings")
                .setKeyArn("arn:aws:kms:eu-central-1:111122223333:alias/aws/s3"))
        .build();
  }

  private static void check(Message message) {
    RequestInvalid refusal = VALIDATION.checkAll(message);
    if (refusal != null) {
      holds(!FastValidation.passes(message), "passes at a glance what protovalidate refuses");
      holds(!refusal.status().details().isEmpty(), "refused without a violation");
      holds(!refusal.status().text().isEmpty(), "refused without words");
      return;
    }
    try {
      use(message);
    } catch (RequestInvalid e) {
      // Said by the service rather than by a constraint.
    }
  }

  /// As the services do before they call anything.
  private static void use(Message message) {
    switch (message) {
      case WrapDekRequest wrap -> {
        KeystoreName.parse(wrap.getKeystore());
        context(EncryptionContext.of(wrap.getEncryptionContextMap()));
      }
      case UnwrapDekRequest unwrap -> {
        KeystoreName.parse(unwrap.getKeystore());
        context(EncryptionContext.of(unwrap.getEncryptionContextMap()));
      }
      case RewrapDekRequest rewrap -> {
        KeystoreName.parse(rewrap.getKeystore());
        if (!rewrap.getDestinationKeystore().isEmpty()) {
          KeystoreName.parse(rewrap.getDestinationKeystore());
        }
        context(EncryptionContext.of(rewrap.getEncryptionContextMap()));
      }
      case BatchWrapDeksRequest batch -> batch.getRequestsList().forEach(RequestFuzz::check);
      case BatchUnwrapDeksRequest batch -> batch.getRequestsList().forEach(RequestFuzz::check);
      case BatchRewrapDeksRequest batch -> batch.getRequestsList().forEach(RequestFuzz::check);
      case RewrapDeksRequest bulk -> bulk.getItemsList().forEach(it -> check(it.getRequest()));
      case GetPublicKekRequest get -> KeystoreName.parse(get.getKeystore());
      case CreateKeystoreRequest create -> {
        KeystoreName name = new KeystoreName(tenant(create.getParent()), create.getKeystoreId());
        holds(name.toString().startsWith(create.getParent() + "/"), "a keystore elsewhere");
        settings(KeystoreMapping.settings(create.getKeystore()));
      }
      case UpdateKeystoreRequest update -> {
        Keystore keystore = update.getKeystore();
        KeystoreName.parse(keystore.getName());
        Etag.version(keystore.getEtag());
        settings(new KeystoreMask(update.getUpdateMask(), keystore).change(SETTINGS));
      }
      case TestKeystoreRequest test -> {
        KeystoreName.parse(test.hasName() ? test.getName() : test.getKeystore().getName());
        if (!test.hasName()) {
          settings(KeystoreMapping.settings(test.getKeystore()));
        }
      }
      case ListKeystoresRequest list -> {
        tenant(list.getParent());
        FilterText.ofKeystores(list.getFilter());
        PageToken.id(list.getPageToken(), list.getParent(), list.getFilter());
        size(PageToken.size(list.getPageSize()));
      }
      case ListTenantsRequest list -> {
        PageToken.id(list.getPageToken(), "tenants/-", "");
        size(PageToken.size(list.getPageSize()));
      }
      case ListKeksRequest list -> {
        KeystoreName.parse(list.getParent());
        PageToken.kek(list.getPageToken(), list.getParent());
        size(PageToken.size(list.getPageSize()));
      }
      case ListAuditEventsRequest list -> {
        String tenant = tenant(list.getParent());
        PageToken.audit(list);
        size(PageToken.size(list.getPageSize()));
        query(
            AuditMapping.query(
                tenant,
                list,
                list.hasStartTime()
                    ? Instant.ofEpochSecond(
                        list.getStartTime().getSeconds(), list.getStartTime().getNanos())
                    : Instant.EPOCH,
                list.getEncryptionContextMap().keySet()),
            list);
      }
      case RotateKekRequest rotate -> {
        KeystoreName.parse(rotate.getName());
        if (!rotate.getRequestId().isEmpty()) {
          UUID.fromString(rotate.getRequestId());
        }
      }
      case ReEncryptKeksRequest reEncrypt -> {
        KeystoreName.parse(reEncrypt.getName());
        if (!reEncrypt.getRequestId().isEmpty()) {
          UUID.fromString(reEncrypt.getRequestId());
        }
      }
      case GetOnboardingRequest get -> {
        tenant(get.getParent());
        if (!get.getKey().getKeyArn().isEmpty()) {
          KmsArn.parse(get.getKey().getKeyArn());
        }
      }
      case GetKeystoreRequest get -> KeystoreName.parse(get.getName());
      case GetKeystoreUsageRequest get -> KeystoreName.parse(get.getName());
      case GetAuditVerificationRequest get -> tenant(get.getParent());
      case DeleteKeystoreRequest delete -> {
        KeystoreName.parse(delete.getName());
        Etag.version(delete.getEtag());
      }
      case RestoreKeystoreRequest restore -> KeystoreName.parse(restore.getName());
      case GetRootKeyUsageRequest get -> {
        tenant(get.getParent());
        if (!get.getKeyArn().isEmpty()) {
          KmsArn.parse(get.getKeyArn());
        }
      }
      case CheckPipelineRequest check -> {
        tenant(check.getParent());
        PipelineMapping.response(PipelineDoctor.examine(PipelineMapping.pipeline(check)));
      }
      case ScheduleKekDestructionRequest schedule -> {
        KekName.parse(schedule.getName());
        int days = schedule.getWaitingPeriodDays();
        holds(days == 0 || (days >= 7 && days <= 30), "a waiting period out of bounds");
      }
      default -> {
        FieldDescriptor name = message.getDescriptorForType().findFieldByName("name");
        KekName.parse((String) message.getField(name));
      }
    }
  }

  private static String tenant(String parent) {
    String tenant = parent.substring("tenants/".length());
    holds(KeystoreName.isId(tenant), "a tenant that has no keystores");
    return tenant;
  }

  private static void size(int size) {
    holds(size >= 1 && size <= 1_000, "a page out of bounds");
  }

  private static void query(AuditQuery query, ListAuditEventsRequest list) {
    holds((query.until() == null) != list.hasEndTime(), "an end that is not looked at");
    for (Instant time : new Instant[] {query.from(), query.until()}) {
      holds(
          time == null || !(time.isBefore(EARLIEST) || time.isAfter(LATEST)),
          "a time that PostgreSQL does not hold");
    }
    holds(query.keystore() == null || KeystoreName.isId(query.keystore()), "no keystore's id");
    holds((query.caller() == null) == list.getCaller().isEmpty(), "a caller not looked at");
    holds((query.outcome() == null) == (list.getOutcomeValue() == 0), "an outcome not looked at");
    byte[] digest = query.contextDigest();
    holds(
        (digest != null)
            == (list.getWholeEncryptionContext() || !list.getEncryptionContextSha256().isEmpty()),
        "a digest not looked at");
    holds(digest == null || digest.length == 32, "a digest of another size");
    holds(
        query.contextValues().isEmpty()
            == (list.getWholeEncryptionContext() || list.getEncryptionContextMap().isEmpty()),
        "a pair not looked at");
  }

  private static void context(EncryptionContext context) {
    holds(context.pairs() <= EncryptionContext.MAX_PAIRS, "too many pairs");
    holds(context.totalBytes() <= EncryptionContext.MAX_TOTAL_BYTES, "too many bytes");
  }

  private static void settings(KeystoreSettings settings) {
    Duration lifetime = settings.privateKekLifetime();
    holds(
        !lifetime.isNegative() && lifetime.compareTo(LONGEST_LIFETIME) <= 0,
        "a private KEK's lifetime out of bounds");
    holds(settings.displayName().codePointCount(0, settings.displayName().length()) <= 128, "long");
  }
}

package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.keybroker.access.Permission;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.BatchRewrapDeksRequest;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksRequest;
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
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.ListTenantsRequest;
import dev.keybroker.v1.ListTenantsResponse;
import dev.keybroker.v1.ReEncryptKeksRequest;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RestoreKeystoreRequest;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDeksItem;
import dev.keybroker.v1.RewrapDeksRequest;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.Tenant;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekResult;
import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import io.quarkus.scheduler.Scheduler;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import redis.clients.jedis.Jedis;

/// Every rpc × every permission × where it is granted × where it is used: what is not granted is
/// denied, over the network.
@QuarkusTest
@TestProfile(PermissionTableTest.WithAccessFile.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class PermissionTableTest extends BrokerTestCase {
  private static final String OWN = "tenants/own/keystores/calls";
  private static final String OTHER_KEYSTORE = "tenants/own/keystores/chats";
  private static final String OTHER_TENANT = "tenants/other/keystores/calls";
  private static final List<String> KEYSTORES = List.of(OWN, OTHER_KEYSTORE, OTHER_TENANT);
  private static final String ABSENT = "tenants/%s/keystores/absent";
  private static final String DENIED = "PERMISSION_DENIED";
  private static final String SOME_KEK = "/keks/00000000-0000-4000-8000-000000000000";
  private static final Pattern KEY_COMMANDS =
      Pattern.compile("cmdstat_(?:get|set|setex|mget|del|unlink):calls=([0-9]+)");
  private static final ByteString GARBAGE = ByteString.copyFrom(new byte[200]);

  /// Where a permission is granted, and on which of the keystores it then holds.
  private enum Grant {
    NOWHERE(null),
    KEYSTORE(OWN),
    TENANT("tenants/own"),
    EVERYWHERE("tenants/*");

    private final String on;

    Grant(String on) {
      this.on = on;
    }

    boolean holds(String keystore, Asks asks) {
      return switch (this) {
        case NOWHERE -> false;
        case KEYSTORE -> keystore.equals(OWN) && asks == Asks.ON_THE_KEYSTORE;
        case TENANT -> keystore.startsWith("tenants/own/") || asks == Asks.ON_SOME_TENANT;
        case EVERYWHERE -> true;
      };
    }

    String caller(Permission permission) {
      return (name() + "-" + permission.name().replace('_', '-')).toLowerCase(Locale.ROOT);
    }
  }

  /// On what an rpc asks for its permission.
  private enum Asks {
    ON_THE_KEYSTORE,
    ON_THE_TENANT,
    ON_SOME_TENANT
  }

  /// An access file with one caller for each permission and place.
  public static final class WithAccessFile implements QuarkusTestProfile {
    /// Found by name: the profile and the test are of two class loaders.
    static final Path FILE = Path.of("target", "permission-table.yaml").toAbsolutePath();

    static String text() {
      StringBuilder file = new StringBuilder("version: 1\ngrants:\n");
      for (Grant grant : Grant.values()) {
        for (Permission permission : Permission.values()) {
          if (grant.on != null) {
            file.append(
                "  - {callers: ['dns:%s'], permissions: [%s], on: ['%s']}\n"
                    .formatted(grant.caller(permission), permission.id(), grant.on));
          }
        }
      }
      return file.toString();
    }

    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        Files.writeString(FILE, text());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return Map.of(
          "keybroker.access.file",
          FILE.toString(),
          "keybroker.access.reload-every",
          "1s",
          "keybroker.rotation.every",
          "1h");
    }
  }

  /// One rpc.
  ///
  /// @param outcome of a call that is allowed, on a keystore that is there
  private record Row(
      String rpc,
      Permission permission,
      Asks asks,
      String outcome,
      Function<String, Message> request) {
    @Override
    public String toString() {
      return rpc + " by " + permission.id();
    }
  }

  private static Row row(
      String rpc, Permission permission, String outcome, Function<String, Message> request) {
    return new Row("keybroker.v1." + rpc, permission, Asks.ON_THE_KEYSTORE, outcome, request);
  }

  private static Row ofTenant(
      String rpc, Permission permission, String outcome, Function<String, Message> request) {
    return new Row(
        "keybroker.v1." + rpc,
        permission,
        Asks.ON_THE_TENANT,
        outcome,
        keystore -> request.apply(keystore.substring(0, keystore.indexOf("/keystores/"))));
  }

  static List<Row> rows() {
    return List.of(
        row("KeyBroker/WrapDek", Permission.DEK_WRAP, "OK", it -> wrapRequest(it, Map.of())),
        row(
            "KeyBroker/UnwrapDek",
            Permission.DEK_UNWRAP,
            "WRAPPED_DEK_NOT_AUTHENTIC",
            it -> unwrapRequest(it, GARBAGE, Map.of())),
        row(
            "KeyBroker/RewrapDek",
            Permission.DEK_REWRAP,
            "WRAPPED_DEK_NOT_AUTHENTIC",
            PermissionTableTest::rewrapRequest),
        row(
            "KeyBroker/RewrapDek",
            Permission.DEK_EXPORT,
            "WRAPPED_DEK_NOT_AUTHENTIC",
            PermissionTableTest::exportRequest),
        row(
            "KeyBroker/BatchWrapDeks",
            Permission.DEK_WRAP,
            "OK",
            it -> BatchWrapDeksRequest.newBuilder().addRequests(wrapRequest(it, Map.of())).build()),
        row(
            "KeyBroker/BatchUnwrapDeks",
            Permission.DEK_UNWRAP,
            "WRAPPED_DEK_NOT_AUTHENTIC",
            it ->
                BatchUnwrapDeksRequest.newBuilder()
                    .addRequests(unwrapRequest(it, GARBAGE, Map.of()))
                    .build()),
        row(
            "KeyBroker/BatchRewrapDeks",
            Permission.DEK_REWRAP,
            "WRAPPED_DEK_NOT_AUTHENTIC",
            it -> BatchRewrapDeksRequest.newBuilder().addRequests(rewrapRequest(it)).build()),
        row(
            "KeyBroker/BatchRewrapDeks",
            Permission.DEK_EXPORT,
            "WRAPPED_DEK_NOT_AUTHENTIC",
            it -> BatchRewrapDeksRequest.newBuilder().addRequests(exportRequest(it)).build()),
        row(
            "KeyBroker/RewrapDeks",
            Permission.DEK_REWRAP,
            "WRAPPED_DEK_NOT_AUTHENTIC",
            it ->
                RewrapDeksRequest.newBuilder()
                    .addItems(RewrapDeksItem.newBuilder().setRequest(rewrapRequest(it)))
                    .build()),
        row(
            "KeyBroker/GetPublicKek",
            Permission.KEK_PUBLIC,
            "OK",
            it -> GetPublicKekRequest.newBuilder().setKeystore(it).build()),
        ofTenant(
            "Keystores/CreateKeystore",
            Permission.KEYSTORE_EDIT,
            "KEYSTORE_ALREADY_EXISTS",
            it ->
                CreateKeystoreRequest.newBuilder()
                    .setParent(it)
                    .setKeystoreId("calls")
                    .setKeystore(Keystore.newBuilder().setRootKey(rootKey()))
                    .build()),
        row(
            "Keystores/GetKeystore",
            Permission.KEYSTORE_VIEW,
            "OK",
            it -> GetKeystoreRequest.newBuilder().setName(it).build()),
        new Row(
            "keybroker.v1.Keystores/ListTenants",
            Permission.KEYSTORE_VIEW,
            Asks.ON_SOME_TENANT,
            "OK",
            it -> ListTenantsRequest.getDefaultInstance()),
        ofTenant(
            "Keystores/ListKeystores",
            Permission.KEYSTORE_VIEW,
            "OK",
            it -> ListKeystoresRequest.newBuilder().setParent(it).build()),
        row(
            "Keystores/UpdateKeystore",
            Permission.KEYSTORE_EDIT,
            "OK",
            it ->
                UpdateKeystoreRequest.newBuilder()
                    .setKeystore(Keystore.newBuilder().setName(it).setDisplayName("renamed"))
                    .setUpdateMask(FieldMask.newBuilder().addPaths("display_name"))
                    .build()),
        row(
            "Keystores/DeleteKeystore",
            Permission.KEYSTORE_EDIT,
            "KEYSTORE_HAS_KEKS",
            it -> DeleteKeystoreRequest.newBuilder().setName(it).build()),
        row(
            "Keystores/RestoreKeystore",
            Permission.KEYSTORE_EDIT,
            "OK",
            it -> RestoreKeystoreRequest.newBuilder().setName(it).build()),
        ofTenant(
            "Keystores/GetRootKeyUsage",
            Permission.KEYSTORE_VIEW,
            "OK",
            it -> GetRootKeyUsageRequest.newBuilder().setParent(it).build()),
        row(
            "Keystores/GetKeystoreUsage",
            Permission.KEYSTORE_VIEW,
            "OK",
            it -> GetKeystoreUsageRequest.newBuilder().setName(it).build()),
        ofTenant(
            "Keystores/CheckPipeline", Permission.KEYSTORE_VIEW, "OK", CheckPipelineTest::works),
        row(
            "Keystores/TestKeystore",
            Permission.KEYSTORE_EDIT,
            "OK",
            it -> TestKeystoreRequest.newBuilder().setName(it).build()),
        row(
            "Keystores/RotateKek",
            Permission.KEYSTORE_EDIT,
            "OK",
            it -> RotateKekRequest.newBuilder().setName(it).build()),
        row(
            "Keystores/ReEncryptKeks",
            Permission.KEYSTORE_EDIT,
            "OK",
            it -> ReEncryptKeksRequest.newBuilder().setName(it).build()),
        ofTenant(
            "Keystores/GetOnboarding",
            Permission.KEYSTORE_VIEW,
            "OK",
            it -> GetOnboardingRequest.newBuilder().setParent(it).build()),
        row(
            "Keystores/ListKeks",
            Permission.KEYSTORE_VIEW,
            "OK",
            it -> ListKeksRequest.newBuilder().setParent(it).build()),
        row(
            "Keystores/GetKek",
            Permission.KEYSTORE_VIEW,
            "KEK_NOT_FOUND",
            it -> GetKekRequest.newBuilder().setName(it + SOME_KEK).build()),
        row(
            "Keystores/DisableKek",
            Permission.KEYSTORE_EDIT,
            "KEK_NOT_FOUND",
            it -> DisableKekRequest.newBuilder().setName(it + SOME_KEK).build()),
        row(
            "Keystores/EnableKek",
            Permission.KEYSTORE_EDIT,
            "KEK_NOT_FOUND",
            it -> EnableKekRequest.newBuilder().setName(it + SOME_KEK).build()),
        row(
            "Keystores/ScheduleKekDestruction",
            Permission.KEYSTORE_EDIT,
            "KEK_NOT_FOUND",
            it -> ScheduleKekDestructionRequest.newBuilder().setName(it + SOME_KEK).build()),
        row(
            "Keystores/RestoreKek",
            Permission.KEYSTORE_EDIT,
            "KEK_NOT_FOUND",
            it -> RestoreKekRequest.newBuilder().setName(it + SOME_KEK).build()),
        ofTenant(
            "AuditLog/ListAuditEvents",
            Permission.AUDIT_VIEW,
            "OK",
            it -> ListAuditEventsRequest.newBuilder().setParent(it).build()),
        ofTenant(
            "AuditLog/GetAuditVerification",
            Permission.AUDIT_VIEW,
            "OK",
            it -> GetAuditVerificationRequest.newBuilder().setParent(it).build()));
  }

  /// To an X25519 key: the base point.
  private static RewrapDekRequest exportRequest(String keystore) {
    byte[] recipient = new byte[32];
    recipient[0] = 9;
    return RewrapDekRequest.newBuilder()
        .setKeystore(keystore)
        .setWrappedDek(GARBAGE)
        .setRecipientPublicKey(ByteString.copyFrom(recipient))
        .build();
  }

  private static RewrapDekRequest rewrapRequest(String keystore) {
    return rewrapRequest(keystore, "");
  }

  private static RewrapDekRequest rewrapRequest(String keystore, String destination) {
    return RewrapDekRequest.newBuilder()
        .setKeystore(keystore)
        .setWrappedDek(GARBAGE)
        .setDestinationKeystore(destination)
        .build();
  }

  /// Another than the keystores have.
  private static RootKey.Builder rootKey() {
    return RootKey.newBuilder()
        .setAwsKms(
            AwsKmsKey.newBuilder()
                .setKeyArn("arn:aws:kms:eu-central-1:111122223333:alias/another"));
  }

  @Inject @Any Instance<BindableService> served;
  @Inject DataSource database;
  @Inject Scheduler scheduler;

  @BeforeEach
  void create() {
    String administrator = Grant.EVERYWHERE.caller(Permission.KEYSTORE_EDIT);
    keystores = new TestKeystores(services, TestCallers.as(administrator, channel));
    for (String keystore : KEYSTORES) {
      keystores.shared(KeystoreName.parse(keystore));
    }
  }

  @Test
  void everyRpcOfTheServer_hasItsRow() {
    Set<String> rpcs =
        served.stream()
            .flatMap(service -> service.bindService().getServiceDescriptor().getMethods().stream())
            .map(MethodDescriptor::getFullMethodName)
            .filter(name -> name.startsWith("keybroker."))
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(
        rpcs, rows().stream().map(Row::rpc).collect(Collectors.toCollection(TreeSet::new)));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void rpc_isAllowedWhereItsPermissionIsGranted_andNowhereElse(Row row) {
    Map<String, String> expected = new TreeMap<>();
    Map<String, String> actual = new TreeMap<>();
    for (Permission permission : Permission.values()) {
      for (Grant grant : Grant.values()) {
        for (String keystore : KEYSTORES) {
          String call = permission.id() + " granted " + grant + ", used on " + keystore;
          boolean allowed = permission == row.permission && grant.holds(keystore, row.asks);
          expected.put(call, allowed ? row.outcome : DENIED);
          actual.put(
              call, outcome(call(row, grant.caller(permission), row.request.apply(keystore))));
        }
      }
    }
    assertEquals(expected, actual);
  }

  @ParameterizedTest
  @MethodSource("rows")
  void denial_isTheSame_whetherTheKeystoreExistsOrNot(Row row) {
    String caller = Grant.NOWHERE.caller(row.permission);
    Status there = call(row, caller, row.request.apply(OWN));

    assertEquals(Code.PERMISSION_DENIED_VALUE, there.getCode());
    assertEquals("The caller may not do this here.", there.getMessage());
    assertEquals(1, there.getDetailsCount());
    assertEquals(Map.of(), detail(there, ErrorInfo.class).getMetadataMap());
    for (String tenant : List.of("own", "absent")) {
      assertEquals(there, call(row, caller, row.request.apply(ABSENT.formatted(tenant))));
    }
  }

  @Test
  void denials_readNoStoreAndCallNoKms() throws SQLException {
    // What the broker reads by the clock would be counted too: late rotations are, once a minute.
    scheduler.pause();
    try (Jedis redis =
            new Jedis(
                URI.create(
                    Objects.requireNonNull(services.configuration().get("quarkus.redis.hosts"))));
        Connection connection = database.getConnection()) {
      Work before = work(redis);
      Timestamp start = now(connection);
      for (Row row : rows()) {
        String caller = Grant.NOWHERE.caller(row.permission);
        for (String keystore : List.of(OWN, ABSENT.formatted("own"), ABSENT.formatted("absent"))) {
          assertEquals(DENIED, outcome(call(row, caller, row.request.apply(keystore))));
        }
      }

      assertEquals(before, work(redis));
      assertEquals(0, queriesSince(connection, start));
      call(
          rows().getFirst(),
          Grant.EVERYWHERE.caller(Permission.DEK_WRAP),
          wrapRequest(ABSENT.formatted("own"), Map.of()));
      assertTrue(queriesSince(connection, start) > 0, "reads were not seen");
    } finally {
      scheduler.resume();
    }
  }

  /// What the broker has asked of what is behind it.
  private record Work(long kms, long redis) {}

  private Work work(Jedis redis) {
    long commands = 0;
    Matcher matcher = KEY_COMMANDS.matcher(redis.info("commandstats"));
    while (matcher.find()) {
      commands += Long.parseLong(matcher.group(1));
    }
    return new Work(services.kms().calls().total(), commands);
  }

  /// Sessions of others that have run a query since that time, but for those that put calls on
  /// record.
  private static long queriesSince(Connection connection, Timestamp time) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            select count(*) from pg_stat_activity
            where pid <> pg_backend_pid() and backend_type = 'client backend' and query_start > ?
              and query not like '%audit_%'
            """)) {
      statement.setTimestamp(1, time);
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        return result.getLong(1);
      }
    }
  }

  private static Timestamp now(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select clock_timestamp()")) {
      result.next();
      return result.getTimestamp(1);
    }
  }

  @Test
  void tenants_areListedOnlyWhereTheyMayBeViewed() {
    assertEquals(
        List.of("tenants/own"), tenants(Grant.TENANT.caller(Permission.KEYSTORE_VIEW), "", 50));
    List<String> all = tenants(Grant.EVERYWHERE.caller(Permission.KEYSTORE_VIEW), "", 1000);
    assertTrue(all.containsAll(List.of("tenants/other", "tenants/own")), all.toString());
    assertEquals(all, tenants(Grant.EVERYWHERE.caller(Permission.KEYSTORE_VIEW), "", 100));
  }

  /// All pages together.
  private List<String> tenants(String caller, String token, int pageSize) {
    ListTenantsResponse page =
        KeystoresGrpc.newBlockingStub(TestCallers.as(caller, channel))
            .listTenants(
                ListTenantsRequest.newBuilder().setPageSize(pageSize).setPageToken(token).build());
    assertTrue(page.getTenantsCount() <= pageSize);
    List<String> names = new ArrayList<>();
    page.getTenantsList().stream().map(Tenant::getName).forEach(names::add);
    if (!page.getNextPageToken().isEmpty()) {
      names.addAll(tenants(caller, page.getNextPageToken(), pageSize));
    }
    return names;
  }

  @Test
  void rewrap_needsThePermissionOnSourceAndDestination() {
    Row rewrap = row("KeyBroker/RewrapDek", Permission.DEK_REWRAP, "", it -> rewrapRequest(it));
    String ofKeystore = Grant.KEYSTORE.caller(Permission.DEK_REWRAP);
    String ofTenant = Grant.TENANT.caller(Permission.DEK_REWRAP);
    String everywhere = Grant.EVERYWHERE.caller(Permission.DEK_REWRAP);

    assertEquals(DENIED, outcome(call(rewrap, ofKeystore, rewrapRequest(OWN, OTHER_KEYSTORE))));
    assertEquals(DENIED, outcome(call(rewrap, ofKeystore, rewrapRequest(OTHER_KEYSTORE, OWN))));
    assertEquals(
        "WRAPPED_DEK_NOT_AUTHENTIC", outcome(call(rewrap, ofKeystore, rewrapRequest(OWN, OWN))));
    assertEquals(
        "WRAPPED_DEK_NOT_AUTHENTIC",
        outcome(call(rewrap, ofTenant, rewrapRequest(OWN, OTHER_KEYSTORE))));
    assertEquals(DENIED, outcome(call(rewrap, ofTenant, rewrapRequest(OWN, OTHER_TENANT))));
    assertEquals(
        "REQUEST_INVALID", outcome(call(rewrap, everywhere, rewrapRequest(OWN, OTHER_TENANT))));
  }

  @Test
  void batch_deniesEachItemByItself() {
    BatchWrapDeksRequest request =
        BatchWrapDeksRequest.newBuilder()
            .addRequests(wrapRequest(OWN, Map.of()))
            .addRequests(wrapRequest(OTHER_KEYSTORE, Map.of()))
            .addRequests(wrapRequest(OWN, Map.of()))
            .build();

    List<WrapDekResult> results =
        KeyBrokerGrpc.newBlockingStub(
                TestCallers.as(Grant.KEYSTORE.caller(Permission.DEK_WRAP), channel))
            .batchWrapDeks(request)
            .getResultsList();

    assertTrue(results.get(0).hasResponse());
    assertEquals(DENIED, reasonOf(results.get(1).getError()));
    assertTrue(results.get(2).hasResponse());
  }

  @Test
  void changedFile_isInForceWithoutARestart() throws IOException {
    KeyBrokerGrpc.KeyBrokerBlockingStub caller =
        KeyBrokerGrpc.newBlockingStub(TestCallers.as("late", channel));
    assertRefused(
        io.grpc.Status.Code.PERMISSION_DENIED,
        DENIED,
        () -> caller.wrapDek(wrapRequest(OWN, Map.of())));
    String late = "  - {callers: ['dns:late'], permissions: [dek.wrap], on: ['tenants/own']}\n";
    Files.writeString(WithAccessFile.FILE, WithAccessFile.text() + late);

    await(
        () -> {
          try {
            return caller.wrapDek(wrapRequest(OWN, Map.of())).getWrappedDek().size() > 0;
          } catch (StatusRuntimeException e) {
            return false;
          }
        });
  }

  /// The status of the call or, of a batch, of its first item; OK where there is none.
  private Status call(Row row, String caller, Message request) {
    try {
      Message response = unary(method(row.rpc), TestCallers.as(caller, channel), request);
      return itemError(response);
    } catch (StatusRuntimeException e) {
      return Objects.requireNonNull(StatusProto.fromThrowable(e));
    }
  }

  @SuppressWarnings("unchecked") // the service's own descriptor of its messages
  private static Message unary(MethodDescriptor<?, ?> method, Channel channel, Message request) {
    return ClientCalls.blockingUnaryCall(
        channel, (MethodDescriptor<Message, Message>) method, CallOptions.DEFAULT, request);
  }

  private static MethodDescriptor<?, ?> method(String rpc) {
    return Stream.of(
            KeyBrokerGrpc.getServiceDescriptor(),
            KeystoresGrpc.getServiceDescriptor(),
            AuditLogGrpc.getServiceDescriptor())
        .flatMap(service -> service.getMethods().stream())
        .filter(method -> method.getFullMethodName().equals(rpc))
        .findAny()
        .orElseThrow();
  }

  private static Status itemError(Message response) {
    FieldDescriptor results = response.getDescriptorForType().findFieldByName("results");
    if (results == null) {
      return Status.getDefaultInstance();
    }
    Message first = (Message) response.getRepeatedField(results, 0);
    return (Status) first.getField(first.getDescriptorForType().findFieldByName("error"));
  }

  private static String outcome(Status status) {
    return status.getCode() == Code.OK_VALUE ? "OK" : reasonOf(status);
  }
}

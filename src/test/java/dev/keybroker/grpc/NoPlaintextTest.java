package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.Encapsulator;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.UnwrappingKey;
import dev.keybroker.crypto.WrappedDek;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.kek.KekName;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import redis.clients.jedis.Jedis;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;

/// After a run over all rpcs, no DEK, encapsulated secret or private key is in PostgreSQL, Redis,
/// the log or the metrics, in whatever encoding.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class NoPlaintextTest extends BrokerTestCase {
  private static final Map<String, String> CONTEXT = Map.of("recording", "secret-recording-name");

  @Inject DataSource database;

  @ParameterizedTest
  @EnumSource(names = {"RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384"})
  void secrets_afterARun_areNowhere(KeyPairSpec spec) throws Exception {
    CapturedLog log = CapturedLog.open();
    Map<String, byte[]> secrets;
    try {
      secrets = run(keystores.create("plaintext", spec, Duration.ofMinutes(1)), spec);
    } finally {
      log.close();
    }
    Map<String, SearchedText> places = new LinkedHashMap<>();
    places.put("PostgreSQL", postgres());
    places.put("Redis", redis());
    places.put("log", new SearchedText().add(log.text().getBytes(UTF_8)));
    places.put("metrics", new SearchedText().add(metrics()));

    secrets.forEach(
        (name, secret) ->
            places.forEach(
                (place, text) -> assertFalse(text.contains(secret), name + " is in " + place)));
    assertFalse(log.text().contains("secret-recording-name"), "a context value is in the log");
  }

  @Test
  void search_findsWhatIsThere() throws Exception {
    TestKeystore keystore = keystores.shared(KeyPairSpec.ECC_NIST_P256);
    wrap(keystore);
    byte[] publicKey =
        broker
            .getPublicKek(GetPublicKekRequest.newBuilder().setKeystore(keystore.name()).build())
            .getPublicKey()
            .toByteArray();

    assertTrue(postgres().contains(publicKey));
    assertTrue(redis().contains(publicKey));
  }

  /// Calls every rpc, and returns the secrets that were in play.
  private Map<String, byte[]> run(TestKeystore keystore, KeyPairSpec spec) throws Exception {
    Map<String, byte[]> secrets = new LinkedHashMap<>();
    WrapDekResponse wrapped = broker.wrapDek(wrapRequest(keystore.name(), CONTEXT));
    byte[] given = new byte[32];
    new SecureRandom().nextBytes(given);
    secrets.put("given DEK", given);
    secrets.put("generated DEK", wrapped.getDek().toByteArray());
    ByteString bytes = wrapped.getWrappedDek();
    broker.wrapDek(
        wrapRequest(keystore.name(), CONTEXT).toBuilder()
            .setDek(ByteString.copyFrom(given))
            .build());
    broker.unwrapDek(unwrapRequest(keystore.name(), bytes, CONTEXT));
    broker.rewrapDek(
        RewrapDekRequest.newBuilder()
            .setKeystore(keystore.name())
            .setWrappedDek(bytes)
            .putAllEncryptionContext(CONTEXT)
            .build());
    broker.getPublicKek(GetPublicKekRequest.newBuilder().setKeystore(keystore.name()).build());
    try {
      broker.unwrapDek(unwrapRequest(keystore.name(), bytes, Map.of()));
    } catch (StatusRuntimeException expected) {
      // A refusal is logged, if at all, without secrets too.
    }
    byte[] pkcs8 = privateKey(keystore, KekName.parse(wrapped.getKek()).id());
    secrets.put("private key", pkcs8);
    secrets.put("private number", privateNumber(pkcs8));
    secrets.put("z", z(spec, bytes, pkcs8));
    return secrets;
  }

  /// The private key as KMS decrypts it.
  private byte[] privateKey(TestKeystore keystore, UUID kek) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement statement =
            connection.prepareStatement("select encrypted_private_key from kek where id = ?");
        KmsClient kms = keystores.administrator()) {
      statement.setObject(1, kek);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        SdkBytes ciphertext = SdkBytes.fromByteArray(row.getBytes(1));
        return kms.decrypt(
                r ->
                    r.keyId(keystore.keyArn())
                        .ciphertextBlob(ciphertext)
                        .encryptionContext(
                            Map.of(
                                "keybroker:tenant", keystore.keystore().tenant(),
                                "keybroker:keystore", keystore.keystore().keystore())))
            .plaintext()
            .asByteArray();
      }
    }
  }

  private static byte[] privateNumber(byte[] pkcs8) throws Exception {
    for (String algorithm : List.of("RSA", "EC")) {
      try {
        PrivateKey key =
            KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        return switch (key) {
          case RSAPrivateKey rsa -> unsigned(rsa.getPrivateExponent().toByteArray());
          case ECPrivateKey ec -> unsigned(ec.getS().toByteArray());
          default -> throw new AssertionError(algorithm);
        };
      } catch (InvalidKeySpecException e) {
        // The other one, then.
      }
    }
    throw new AssertionError("neither RSA nor EC");
  }

  private static byte[] unsigned(byte[] number) {
    return number[0] == 0 ? Arrays.copyOfRange(number, 1, number.length) : number;
  }

  private static byte[] z(KeyPairSpec spec, ByteString wrapped, byte[] pkcs8) throws Exception {
    CryptoProvider provider = CryptoProvider.jdk();
    byte[] encapsulated = WrappedDek.parse(wrapped.toByteArray()).encapsulated(spec);
    try (UnwrappingKey key = new KeyCodec(provider).parsePrivate(spec, SecretBytes.copyOf(pkcs8));
        SecretBytes z =
            new Encapsulator(provider, new SecureRandom()).decapsulate(key, encapsulated)) {
      return z.toByteArray();
    }
  }

  /// Every row of every table, binary columns as bytes too. There are as many records as other
  /// tests left, so they are read in parts.
  private SearchedText postgres() throws SQLException {
    SearchedText contents = new SearchedText();
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.setFetchSize(1_000);
      List<String> tables = new ArrayList<>();
      try (ResultSet names =
          statement.executeQuery("select tablename from pg_tables where schemaname = 'public'")) {
        while (names.next()) {
          tables.add(names.getString(1));
        }
      }
      assertTrue(tables.contains("kek"), tables::toString);
      for (String table : tables) {
        try (ResultSet rows = statement.executeQuery("select * from \"" + table + "\"")) {
          while (rows.next()) {
            for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
              byte[] value = rows.getBytes(i);
              if (value != null) {
                contents.add(value);
              }
            }
          }
        }
      }
      connection.setAutoCommit(true);
    }
    return contents;
  }

  private SearchedText redis() {
    try (Jedis redis =
        new Jedis(
            URI.create(
                Objects.requireNonNull(services.configuration().get("quarkus.redis.hosts"))))) {
      SearchedText contents = new SearchedText();
      for (byte[] key : redis.keys("*".getBytes(UTF_8))) {
        contents.add(key);
        contents.add(redis.get(key));
      }
      return contents;
    }
  }

  private byte[] metrics() throws Exception {
    int port = address.managementPort();
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/q/metrics")).build(),
              HttpResponse.BodyHandlers.ofByteArray())
          .body();
    }
  }
}

package dev.keybroker.kms;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kms.KmsFailure.Kind;
import io.smallrye.mutiny.Uni;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The guarantees of [Kms], which hold for each implementation and with every decorator.
public abstract class KmsContract {
  protected static final Duration LIMIT = Duration.ofSeconds(60);
  protected static final KmsContext CONTEXT =
      new KmsContext(Map.of("keybroker:tenant", "demo", "keybroker:keystore", "calls"));

  private static final KeyPairSpec SPEC = KeyPairSpec.ECC_NIST_P256;
  private static final int LARGEST_PRIVATE_KEY = 4_096;
  private static final int CALLERS = 8;

  /// The failures of a key under which it still describes itself.
  private static final Set<Kind> DESCRIBABLE =
      EnumSet.of(
          Kind.KEY_DISABLED, Kind.KEY_PENDING_DELETION, Kind.KEY_UNAVAILABLE, Kind.KEY_UNUSABLE);

  /// The calls of a key, each by the action that its failures name.
  private enum Call {
    GENERATE("kms:GenerateDataKeyPairWithoutPlaintext"),
    ENCRYPT("kms:Encrypt"),
    DECRYPT("kms:Decrypt"),
    CHECK_DECRYPT("kms:Decrypt"),
    RE_ENCRYPT("kms:ReEncrypt"),
    DESCRIBE("kms:DescribeKey");

    private final String action;

    Call(String action) {
      this.action = action;
    }
  }

  /// Calls of `kms:Decrypt` that wait until this is closed.
  protected interface Held extends AutoCloseable {
    /// How many calls have reached the service so far.
    long waiting();

    @Override
    void close();
  }

  /// The implementation under test, the same one throughout a test.
  protected abstract Kms kms();

  /// A new key that the broker may use, by its key ARN.
  protected abstract KmsKey key();

  /// A new alias of a key.
  protected abstract KmsKey aliasOf(KmsKey key);

  /// A key for which every call fails with this kind, except that some still describe themselves.
  protected abstract KmsKey failing(Kind kind);

  /// Ends the failures that [#failing] caused and that pass by themselves.
  protected abstract void recover();

  /// Makes calls of `kms:Decrypt` for this key wait.
  protected abstract Held hold(KmsKey key);

  /// A role that the broker may assume.
  protected abstract AssumedRole role();

  /// A role that the broker may not assume.
  protected abstract AssumedRole foreignRole();

  /// How many calls the service has received.
  protected abstract long received();

  private Uni<GeneratedKeyPair> generate(KmsKey key, KeyPairSpec spec) {
    return kms().generateKeyPair(new KeyUse(key, CONTEXT), spec);
  }

  private Uni<EncryptedPrivateKey> encrypt(KmsKey key, SecretBytes privateKey) {
    return kms().encryptPrivateKey(new KeyUse(key, CONTEXT), privateKey);
  }

  private Uni<DecryptedPrivateKey> decrypt(KmsKey key, byte[] ciphertext, KmsContext context) {
    return kms().decryptPrivateKey(new KeyUse(key, context), ciphertext);
  }

  private Uni<Void> checkDecrypt(KmsKey key, byte[] ciphertext, KmsContext context) {
    return kms().checkDecrypt(new KeyUse(key, context), ciphertext);
  }

  private Uni<DecryptedPrivateKey> decrypt(KmsKey key, byte[] ciphertext) {
    return decrypt(key, ciphertext, CONTEXT);
  }

  private Uni<?> call(Call call, KmsKey key, byte[] ciphertext) {
    return switch (call) {
      case GENERATE -> generate(key, SPEC);
      case ENCRYPT -> encrypt(key, SecretBytes.copyOf(secret(100)));
      case DECRYPT -> decrypt(key, ciphertext).invoke(DecryptedPrivateKey::close);
      case CHECK_DECRYPT -> checkDecrypt(key, ciphertext, CONTEXT);
      case RE_ENCRYPT -> {
        KeyUse use = new KeyUse(key, CONTEXT);
        yield kms().reEncryptPrivateKey(use, ciphertext, use);
      }
      case DESCRIBE -> kms().describe(new KeyUse(key, KmsContext.NONE));
    };
  }

  private byte[] ciphertext(KmsKey key, byte[] secret) {
    try (SecretBytes bytes = SecretBytes.copyOf(secret)) {
      return await(encrypt(key, bytes)).ciphertext();
    }
  }

  protected static byte[] secret(int size) {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, (byte) 7);
    return bytes;
  }

  protected static <T> T await(Uni<T> uni) {
    return uni.await().atMost(LIMIT);
  }

  /// Fails with [KmsFailure], a call's only failure: an answer without a stack trace, whose message
  /// quotes nothing that the service said.
  protected static KmsFailure assertFails(Kind kind, String action, Uni<?> call) {
    KmsFailure failure = assertThrows(KmsFailure.class, () -> await(call));
    assertEquals(kind + " " + action, failure.kind() + " " + failure.action(), failure::detail);
    assertEquals(kind + " " + action + " " + failure.code(), failure.getMessage());
    assertFalse(failure.code().isEmpty());
    assertNotNull(failure.detail());
    assertNull(failure.explanation());
    assertEquals(0, failure.getStackTrace().length);
    return failure;
  }

  protected static void assertFails(Kind kind, String action, String code, Uni<?> call) {
    assertEquals(code, assertFails(kind, action, call).code());
  }

  @ParameterizedTest
  @EnumSource(KeyPairSpec.class)
  protected void generateKeyPair_ofEachSpec_givesHalvesOfOnePair(KeyPairSpec spec)
      throws Exception {
    KmsKey key = key();

    GeneratedKeyPair pair = await(generate(key, spec));

    assertEquals(key.arn(), pair.keyArn());
    try (DecryptedPrivateKey decrypted = await(decrypt(key, pair.encryptedPrivateKey()))) {
      assertNotNull(decrypted.requestId());
      assertPair(spec, pair.publicKey(), decrypted.privateKey());
    }
  }

  @Test
  protected void generateKeyPair_again_makesAnotherPair() {
    KmsKey key = key();
    Uni<GeneratedKeyPair> generation = generate(key, SPEC);

    byte[] first = await(generation).publicKey();

    assertFalse(Arrays.equals(first, await(generation).publicKey()));
  }

  @Test
  protected void alias_isReportedAsTheKeyThatItNames() {
    KmsKey key = key();
    KmsKey alias = aliasOf(key);
    assertNotEquals(key, alias);

    GeneratedKeyPair pair = await(generate(alias, SPEC));
    try (SecretBytes secret = SecretBytes.copyOf(secret(100))) {
      assertEquals(key.arn(), await(encrypt(alias, secret)).keyArn());
    }

    assertEquals(key.arn(), pair.keyArn());
    assertEquals(key.arn(), await(kms().describe(new KeyUse(alias, KmsContext.NONE))).keyArn());
    await(decrypt(key, pair.encryptedPrivateKey())).close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2_400, LARGEST_PRIVATE_KEY})
  protected void encryptPrivateKey_upToTheLargest_decryptsToTheSame(int size) {
    KmsKey key = key();
    byte[] bytes = secret(size);

    EncryptedPrivateKey encrypted;
    try (SecretBytes secret = SecretBytes.copyOf(bytes)) {
      encrypted = await(encrypt(key, secret));
      // Still the caller's.
      assertArrayEquals(bytes, secret.toByteArray());
    }

    assertEquals(key.arn(), encrypted.keyArn());
    try (DecryptedPrivateKey decrypted = await(decrypt(key, encrypted.ciphertext()))) {
      assertArrayEquals(bytes, decrypted.privateKey().toByteArray());
    }
  }

  @Test
  protected void encryptPrivateKey_beyondTheLargest_isRefused() {
    try (SecretBytes secret = SecretBytes.copyOf(secret(LARGEST_PRIVATE_KEY + 1))) {
      assertFails(Kind.KEY_UNUSABLE, "kms:Encrypt", "ValidationException", encrypt(key(), secret));
    }
  }

  @Test
  protected void decryptPrivateKey_twice_givesEachCallerASecretOfItsOwn() {
    KmsKey key = key();
    byte[] bytes = secret(100);
    byte[] ciphertext = ciphertext(key, bytes);
    byte[] given = ciphertext.clone();

    DecryptedPrivateKey first = await(decrypt(key, ciphertext));
    DecryptedPrivateKey second = await(decrypt(key, ciphertext));
    first.close();

    assertThrows(IllegalStateException.class, first.privateKey()::toByteArray);
    assertArrayEquals(bytes, second.privateKey().toByteArray());
    assertArrayEquals(given, ciphertext);
    second.close();
  }

  static Stream<Map<String, String>> otherContexts() {
    return Stream.of(
        Map.of(),
        Map.of("keybroker:tenant", "other", "keybroker:keystore", "calls"),
        Map.of("keybroker:tenant", "demo"),
        Map.of("keybroker:tenant", "demo", "keybroker:keystore", "calls", "more", "x"));
  }

  @ParameterizedTest
  @MethodSource("otherContexts")
  protected void ciphertext_underAnotherContext_isRefused(Map<String, String> other) {
    KmsKey key = key();
    assertRefused(key, ciphertext(key, secret(100)), new KmsContext(other));
  }

  @ParameterizedTest
  @CsvSource({"0, 12", "-1, 0", "0, -1"})
  protected void ciphertext_changedOrCut_isRefused(int changed, int cut) {
    KmsKey key = key();
    byte[] ciphertext = ciphertext(key, secret(100));
    if (cut == 0) {
      ciphertext[changed < 0 ? ciphertext.length + changed : changed] ^= 1;
    }

    assertRefused(key, Arrays.copyOf(ciphertext, cut > 0 ? cut : ciphertext.length + cut), CONTEXT);
  }

  private void assertRefused(KmsKey key, byte[] ciphertext, KmsContext context) {
    String code = "InvalidCiphertextException";
    assertFails(
        Kind.CIPHERTEXT_REFUSED,
        Call.DECRYPT.action,
        code,
        decrypt(key, ciphertext, context).invoke(DecryptedPrivateKey::close));
    assertFails(
        Kind.CIPHERTEXT_REFUSED,
        Call.CHECK_DECRYPT.action,
        code,
        checkDecrypt(key, ciphertext, context));
  }

  @Test
  protected void ciphertext_ofAnotherKey_isRefused() {
    byte[] ciphertext = ciphertext(key(), secret(100));
    KmsKey other = key();

    assertFails(Kind.CIPHERTEXT_REFUSED, Call.DECRYPT.action, decrypt(other, ciphertext));
    assertFails(
        Kind.CIPHERTEXT_REFUSED,
        Call.CHECK_DECRYPT.action,
        checkDecrypt(other, ciphertext, CONTEXT));
  }

  @Test
  protected void checkDecrypt_succeedsWhereDecryptWould() {
    KmsKey key = key();
    byte[] ciphertext = await(generate(key, SPEC)).encryptedPrivateKey();

    assertNull(await(checkDecrypt(key, ciphertext, CONTEXT)));

    await(decrypt(key, ciphertext)).close();
  }

  @Test
  protected void reEncryptPrivateKey_movesItToTheOtherKeyAndContext() {
    KmsKey old = key();
    KmsKey present = key();
    KmsContext renamed = new KmsContext(Map.of("genesys-cloud-organization-id", "demo"));
    byte[] bytes = secret(2_400);
    byte[] ciphertext = ciphertext(old, bytes);

    EncryptedPrivateKey moved =
        await(
            kms()
                .reEncryptPrivateKey(
                    new KeyUse(old, CONTEXT), ciphertext, new KeyUse(aliasOf(present), renamed)));

    assertEquals(present.arn(), moved.keyArn());
    try (DecryptedPrivateKey decrypted = await(decrypt(present, moved.ciphertext(), renamed))) {
      assertArrayEquals(bytes, decrypted.privateKey().toByteArray());
    }
    assertRefused(present, moved.ciphertext(), CONTEXT);
    await(decrypt(old, ciphertext)).close();
  }

  @Test
  protected void reEncryptPrivateKey_fromAnotherKeyOrContext_isRefused() {
    KmsKey key = key();
    KeyUse use = new KeyUse(key, CONTEXT);
    byte[] ciphertext = ciphertext(key, secret(100));

    assertFails(
        Kind.CIPHERTEXT_REFUSED,
        Call.RE_ENCRYPT.action,
        kms().reEncryptPrivateKey(new KeyUse(key(), CONTEXT), ciphertext, use));
    assertFails(
        Kind.CIPHERTEXT_REFUSED,
        Call.RE_ENCRYPT.action,
        kms().reEncryptPrivateKey(new KeyUse(key, KmsContext.NONE), ciphertext, use));
  }

  @ParameterizedTest
  @CsvSource({
    "ACCESS_DENIED, AccessDeniedException",
    "KEY_DISABLED, DisabledException",
    "KEY_PENDING_DELETION, KMSInvalidStateException",
    "KEY_UNAVAILABLE, KMSInvalidStateException",
    "KEY_NOT_FOUND, NotFoundException",
    "KEY_UNUSABLE, InvalidKeyUsageException",
    "THROTTLED, ThrottlingException",
    "UNREACHABLE, KMSInternalException"
  })
  protected void failureOfAKey_isReportedByEachCallWithItsAction(Kind kind, String code) {
    byte[] ciphertext = ciphertext(key(), secret(100));
    KmsKey failing = failing(kind);

    for (Call call : Call.values()) {
      if (call != Call.DESCRIBE || !DESCRIBABLE.contains(kind)) {
        assertFails(kind, call.action, code, call(call, failing, ciphertext));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"THROTTLED", "UNREACHABLE"})
  protected void failure_thatPasses_isNotRemembered(Kind kind) {
    KmsKey key = failing(kind);
    assertFails(kind, Call.GENERATE.action, generate(key, SPEC));

    recover();

    byte[] ciphertext = await(generate(key, SPEC)).encryptedPrivateKey();
    await(decrypt(key, ciphertext)).close();
  }

  @ParameterizedTest
  @EnumSource(Call.class)
  protected void call_isMadeByEachSubscriptionAndByNothingElse(Call call) {
    KmsKey key = key();
    byte[] ciphertext = ciphertext(key, secret(100));
    long before = received();

    Uni<?> lazy = call(call, key, ciphertext);
    assertEquals(before, received());

    await(lazy);
    await(lazy);
    assertEquals(before + 2, received());
  }

  @Test
  protected void describe_saysWhatTheKeyIs() {
    KmsKey key = key();

    assertEquals(
        new KmsKeyDescription(
            key.arn(),
            KmsKeyState.ENABLED,
            "ENCRYPT_DECRYPT",
            "SYMMETRIC_DEFAULT",
            true,
            false,
            List.of(key.arn().region())),
        await(kms().describe(new KeyUse(key, KmsContext.NONE))));
  }

  @Test
  protected void grant_ofOneName_isTheSameUntilItIsRetired() {
    KmsKey key = key();
    String principal = await(kms().ownPrincipal());
    Uni<CreatedGrant> creation =
        kms()
            .createGrant(
                new KeyUse(key, CONTEXT), "keybroker/calls", principal, GrantOperations.of(true));
    CreatedGrant grant = await(creation);
    assertEquals(grant, await(creation));
    assertFalse(grant.toString().contains(grant.token()));

    KmsKey byGrant = new KmsKey(key.arn(), null, grant.id());
    byte[] ciphertext = ciphertext(byGrant, secret(100));
    await(decrypt(byGrant, ciphertext)).close();
    assertNull(await(kms().retireGrant(byGrant)));

    assertFails(Kind.KEY_NOT_FOUND, "kms:RetireGrant", kms().retireGrant(byGrant));
    assertNotEquals(grant.id(), await(creation).id());
  }

  @Test
  protected void assumeRole_isAskedAnewEachTime() {
    Uni<Void> assumption = kms().assumeRole(role());
    long before = received();

    assertNull(await(assumption));
    assertNull(await(assumption));

    assertEquals(before + 2, received());
  }

  @Test
  protected void assumeRole_thatDoesNotTrustTheBroker_isDenied() {
    assertFails(Kind.ACCESS_DENIED, "sts:AssumeRole", kms().assumeRole(foreignRole()));
  }

  @Test
  protected void ownPrincipal_isAnArn() {
    assertTrue(await(kms().ownPrincipal()).startsWith("arn:aws:iam::"));
  }

  /// One thread makes them all, so none holds it.
  @Test
  protected void calls_atOnce_allWaitAndEachGetsItsOwnAnswer() {
    KmsKey key = key();
    byte[] bytes = secret(100);
    byte[] ciphertext = ciphertext(key, bytes);
    List<CompletableFuture<DecryptedPrivateKey>> calls;
    try (Held held = hold(key)) {
      calls =
          Stream.generate(() -> decrypt(key, ciphertext).subscribeAsCompletionStage())
              .limit(CALLERS)
              .toList();
      Eventually.holds(LIMIT, () -> assertEquals(CALLERS, held.waiting()));
      assertTrue(calls.stream().noneMatch(CompletableFuture::isDone));
    }

    for (CompletableFuture<DecryptedPrivateKey> call : calls) {
      DecryptedPrivateKey decrypted = await(Uni.createFrom().completionStage(call));
      assertArrayEquals(bytes, decrypted.privateKey().toByteArray());
      decrypted.close();
    }
  }

  @Test
  protected void call_thatIsCancelled_deliversNothingAndLeavesLaterCallsAlone() {
    KmsKey key = key();
    byte[] ciphertext = ciphertext(key, secret(100));
    AtomicBoolean delivered = new AtomicBoolean();
    try (Held held = hold(key)) {
      var call =
          decrypt(key, ciphertext)
              .subscribe()
              .with(item -> delivered.set(true), failure -> delivered.set(true));
      Eventually.holds(LIMIT, () -> assertEquals(1, held.waiting()));
      call.cancel();
    }

    await(decrypt(key, ciphertext)).close();

    assertFalse(delivered.get());
  }

  private static void assertPair(KeyPairSpec spec, byte[] publicKey, SecretBytes privateKey)
      throws Exception {
    boolean rsa = spec.name().startsWith("RSA");
    KeyFactory factory = KeyFactory.getInstance(rsa ? "RSA" : "EC");
    PublicKey open = factory.generatePublic(new X509EncodedKeySpec(publicKey));
    PrivateKey secret = factory.generatePrivate(new PKCS8EncodedKeySpec(privateKey.toByteArray()));
    byte[] message = "signed".getBytes(UTF_8);
    String algorithm = rsa ? "SHA256withRSA" : "SHA256withECDSA";
    Signature signer = Signature.getInstance(algorithm);
    signer.initSign(secret);
    signer.update(message);
    Signature verifier = Signature.getInstance(algorithm);
    verifier.initVerify(open);
    verifier.update(message);
    assertTrue(verifier.verify(signer.sign()));
  }
}
